"""The mock edge's side of who asks and how it stands: allowance, line, models, demo keys."""

import math
import time
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from tests.e2e.page.mock_answers import problem, stamp, unknown_key
from tests.e2e.page.mock_kitchen import STEPS, Kitchen

LIMITS = {"free": 3, "paid": 500}


def allowance_of(kitchen: Kitchen, key: str) -> dict[str, Any]:
    """What a key has left."""
    tier = key.removesuffix("-key")
    limit, used, held = LIMITS[tier], kitchen.used[key], kitchen.held(key)
    live = sum(1 for job in kitchen.jobs.values() if job.key == key and not job.final)
    return {
        "account_id": f"demo-{tier}",
        "tier": tier,
        "limit": limit,
        "used": used,
        "held": held,
        "remaining": max(0, limit - used - held),
        "reset_time": stamp(math.ceil(time.time() / 86400) * 86400),
        "live_limit": 2 if tier == "free" else 16,
        "live": live,
        "level": kitchen.surge["level"],
        "limits": [
            {"policy": "daily", "limit": limit, "used": used, "held": held, "reset": None, "unit": "pictures"},
            {"policy": "live", "limit": 2, "used": 0, "held": live, "reset": None, "unit": "jobs"},
        ],
    }


class MockStatus:
    """The endpoints."""

    def __init__(self, kitchen: Kitchen) -> None:
        self._kitchen = kitchen

    def routes(self) -> list[BaseRoute]:
        """The paths."""
        return [
            Route("/v1/me/allowance", self.allowance),
            Route("/v1/queue", self.queue),
            Route("/v1/models", self.models),
            Route("/v1/demo-key", self.demo_key),
        ]

    async def allowance(self, request: Request) -> Response:
        key = self._kitchen.account(request)
        return unknown_key(request) if key is None else JSONResponse(allowance_of(self._kitchen, key))

    async def queue(self, request: Request) -> Response:
        self._kitchen.line_reads += 1
        if self._kitchen.line_down:
            return problem(503, "UNAVAILABLE", "A part of the service does not answer right now.")
        baking = sum(1 for job in self._kitchen.jobs.values() if job.record["state"] == "running")
        classes = [
            {
                "model": "fournil-mini",
                "tier": "free",
                "waiting": self._kitchen.ahead,
                "wait": 5.0 + self._kitchen.ahead * 3,
            },
            {"model": "fournil-mini", "tier": "paid", "waiting": 0, "wait": 1.0},
        ]
        return JSONResponse(
            {
                "classes": classes,
                "ovens": self._kitchen.ovens,
                "slots": 8,
                "baking": min(8, baking + 5),
                "surge": self._kitchen.surge,
            }
        )

    async def models(self, request: Request) -> Response:
        sizes = {"native_width": 96, "native_height": 96, "output_width": 256, "output_height": 256}
        edges = {"smallest": 64, "largest": 1024, "unit": 1, "most_pixels": 1024**2, "square": True}
        usual = {"default_steps": STEPS, "default_guidance": 3.0, "family": "FournilTextToImagePipeline"}
        takes = {"takes_guidance": True, "takes_negative": False, "takes_image": True}
        facts = {**sizes, **edges, **usual, **takes, "aliases": ["gpt-image-1"]}
        model = {
            "id": "fournil-mini",
            "object": "model",
            "created": 0,
            "owned_by": "fournil",
            "root": "fournil-mini",
            **facts,
        }
        return JSONResponse({"object": "list", "data": [model]})

    async def demo_key(self, request: Request) -> Response:
        return JSONResponse({"free": "free-key", "paid": "paid-key"})
