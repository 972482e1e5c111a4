"""How each peer is asked for one picture, in its own protocol."""

from __future__ import annotations

import json
from typing import Any

from bench.peers.plan import Want
from bench.traffic.asking import over_http
from bench.traffic.workload import Arrival


def _want(arrival: Arrival) -> Want:
    return {"steps": arrival.steps, "prompt": arrival.prompt, "seed": arrival.number}


def _triton_body(arrival: Arrival) -> dict[str, Any]:
    want = {"name": "want", "shape": [1, 1], "datatype": "BYTES", "data": [json.dumps(_want(arrival))]}
    return {"inputs": [want], "parameters": {"priority": 1 if arrival.paid else 2}}


def _bentoml_body(arrival: Arrival) -> dict[str, Any]:
    return {"wants": [_want(arrival)]}


ask_litserve = over_http(lambda _: "/predict", _want)
ask_bentoml = over_http(lambda _: "/bake", _bentoml_body)
ask_bentoml_queues = over_http(lambda arrival: f"/bake{arrival.steps}", _bentoml_body)
ask_ray = over_http(lambda _: "/", _want)
ask_triton = over_http(lambda _: "/v2/models/oven/infer", _triton_body)
ask_triton_queues = over_http(lambda arrival: f"/v2/models/oven{arrival.steps}/infer", _triton_body)
