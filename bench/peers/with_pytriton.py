"""PyTriton: Triton's dynamic batcher with two priority levels. KServe v2 over HTTP, model `oven`; where each
step count has a queue of its own, models `oven4`, `oven8` and so on, which share the workers.

Input want bytes[1], JSON; a request's parameter `priority` is 1 for paid and 2 for free. While every instance
bakes, Triton's queue fills; a batch takes paid requests first. No delay: waiting longer made it slower.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import sysconfig
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pytriton.decorators import batch
from pytriton.model_config import DynamicBatcher, ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

from bench.peers.manners import MANNERS, QUEUES
from bench.peers.plan import Plan, Worker

Texts = NDArray[np.object_]


def baking(worker: Worker) -> Callable[..., Any]:
    """The function of one instance."""

    @batch
    def bake(want: Texts) -> dict[str, Texts]:
        """Of bytes[B,1]."""
        answers = worker.bake([json.loads(one) for one in want[:, 0]])
        return {"picture": np.array([[one.encode()] for one in answers], np.object_)}

    function: Callable[..., Any] = bake
    return function


def main() -> None:
    """Serves until it is told to stop."""
    plan, port = Plan.read(), int(sys.argv[1])
    logging.basicConfig(level=logging.WARNING)
    # Triton's Python backend is linked to libpython: it must find this interpreter's, not the system's.
    paths = (str(sysconfig.get_config_var("LIBDIR")), os.environ.get("LD_LIBRARY_PATH", ""))
    os.environ["LD_LIBRARY_PATH"] = os.pathsep.join(filter(None, paths))
    instances = [baking(plan.new_worker()) for _ in range(plan.workers)]
    config = TritonConfig(
        http_address="127.0.0.1", http_port=port, allow_grpc=False, allow_metrics=False, exit_timeout_secs=1
    )
    with Triton(config=config) as triton:
        queues = [f"oven{steps}" for steps in plan.steps] if MANNERS[plan.manner] == QUEUES else ["oven"]
        for model in queues:
            triton.bind(
                model_name=model,
                infer_func=instances,
                inputs=[Tensor(name="want", dtype=bytes, shape=(1,))],
                outputs=[Tensor(name="picture", dtype=bytes, shape=(1,))],
                config=ModelConfig(
                    max_batch_size=plan.rows, batcher=DynamicBatcher(priority_levels=2, default_priority_level=2)
                ),
            )
        triton.serve()


if __name__ == "__main__":
    main()
