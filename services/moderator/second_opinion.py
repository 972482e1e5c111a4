"""A remote moderation endpoint in OpenAI's form that looks at pictures too. Optional, and off unless it is
configured.

Every wait is bounded, an endpoint that fails is left alone for a while (`COOLING`), and what then becomes of
pictures is a setting: with *closed* they are not shown until somebody has looked (UNAVAILABLE, and the walk asks
again), with *open* they pass on what the local models say, and are counted.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from prometheus_client import Counter

from services.moderator.policy import FLAGGED
from services.runtime.errors import Fault, Reason, invalid
from services.runtime.openai_moderation import OURS
from services.runtime.pictures import media_type

log = logging.getLogger("fournil.moderator.second_opinion")

OPINIONS = Counter("fournil_moderation_remote_total", "Answers of the remote endpoint.", ["outcome"])

FAILURES = 5
"""In a row, after which the endpoint is left alone."""
COOLING = 5.0
"""Seconds for which it is."""
MOST_AT_ONCE = 32
LARGEST_ANSWER = 1 << 20
"""Bytes."""

_MALFORMED = (ValueError, LookupError, TypeError, AttributeError)
"""What an answer of another form raises when it is read."""


@dataclass(frozen=True)
class Endpoint:
    """Where to ask. `timeout` in seconds; `fail_open` lets pictures pass while it does not answer."""

    url: str
    key: str = ""
    model: str = "omni-moderation-latest"
    timeout: float = 2.0
    fail_open: bool = False


class SecondOpinion:
    """Asks the endpoint. Call from one event loop."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        headers = {"authorization": f"Bearer {endpoint.key}"} if endpoint.key else {}
        limits = httpx.Limits(max_connections=MOST_AT_ONCE)
        self._client = httpx.AsyncClient(headers=headers, timeout=endpoint.timeout, limits=limits)
        self._room = asyncio.Semaphore(MOST_AT_ONCE)
        self._failed, self._closed_until = 0, float("-inf")

    async def scores(self, image: bytes) -> Mapping[str, float]:
        """Scores by our categories' names before `FLAGGED`, of those that the endpoint flags; none when nothing
        stands against the picture. Raises Fault UNAVAILABLE, INVALID_ARGUMENT."""
        kind = media_type(image)
        if not kind.startswith("image/"):
            raise invalid("image", "not a readable PNG, JPEG or WebP picture")
        try:
            if time.monotonic() < self._closed_until:
                raise _Silent("cooling")
            found = await self._ask(image, kind)
        except (httpx.HTTPError, TimeoutError, _Silent, *_MALFORMED) as error:
            return self._without(error)
        self._failed = 0
        OPINIONS.labels("flagged" if found else "clear").inc()
        return found

    async def close(self) -> None:
        """Closes every connection."""
        await self._client.aclose()

    async def _ask(self, image: bytes, kind: str) -> dict[str, float]:
        url = f"data:{kind};base64,{base64.b64encode(image).decode()}"
        body = {
            "model": self._endpoint.model,
            "input": [{"type": "image_url", "image_url": {"url": url}}],
        }
        async with asyncio.timeout(self._endpoint.timeout):
            async with self._room, self._client.stream("POST", self._endpoint.url, json=body) as answer:
                answer.raise_for_status()
                data = b""
                async for chunk in answer.aiter_bytes():
                    data += chunk
                    if len(data) > LARGEST_ANSWER:
                        raise _Silent("its answer is too long")
        result: dict[str, Any] = httpx.Response(200, content=data).json()["results"][0]
        found: dict[str, float] = {}
        for name, flagged in result["categories"].items():
            if flagged:
                ours = OURS.get(name, name) + FLAGGED
                score = float(result.get("category_scores", {}).get(name, 1.0))
                found[ours] = max(found.get(ours, 0.0), min(max(score, 0.0), 1.0))
        return found

    def _without(self, error: Exception) -> Mapping[str, float]:
        """What follows when the endpoint has not answered."""
        if not isinstance(error, _Silent) or error.args != ("cooling",):
            self._failed += 1
            if self._failed >= FAILURES:
                self._closed_until = time.monotonic() + COOLING
        log.warning("no second opinion", extra={"detail": type(error).__name__})
        if self._endpoint.fail_open:
            OPINIONS.labels("passed_unseen").inc()
            return {}
        OPINIONS.labels("unavailable").inc()
        raise Fault(Reason.UNAVAILABLE, "the picture could not be looked at", retry_after=1.0, peer="moderation")


class _Silent(Exception):
    """The endpoint did not answer, or is not asked."""
