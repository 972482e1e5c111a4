"""The mock edge's side of trust: refusals that may be appealed, appeals that somebody decides, and credentials.

With `here` false it knows no appeals, as an edge from before them.
"""

import time
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from tests.e2e.page.mock_answers import problem, stamp

APPEALS = "/v1/moderation/appeals"
NEVER = {"sexual_minors"}
MOST_OPEN = 5
PICTURE_HEADS = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF")


class MockTrust:
    """Appeals by decision, and what is told of any picture. `lost` fails the next filing; `prompts` are those of
    refused orders by decision, found when an appeal comes without one, but not while `forgetful`; decisions are
    kept `keep_seconds`, or not when that is None; `credential` takes the place of parts of the report."""

    def __init__(self, account: Callable[[Request], str | None]) -> None:
        self._account = account
        self.here = True
        self.lost = False
        self.forgetful = False
        self.keep_seconds: float | None = 30 * 86_400
        self.prompts: dict[str, str] = {}
        self.refusals: dict[str, dict[str, Any]] = {}
        self.appeals: dict[str, dict[str, Any]] = {}
        self.owners: dict[str, str] = {}
        self.credential: dict[str, Any] = {}
        self.checked: list[bytes] = []
        self.serial = 0

    def refusal(self, category: str, words: list[str], stage: str = "prompt", prompt: str = "") -> dict[str, Any]:
        """A refusal's facts. Where `prompt` is told, an appeal must come with it."""
        self.serial += 1
        appealable = self.here and category not in NEVER
        decision = f"dec_{self.serial:02d}mock0000000000000000000"
        self.refusals[decision] = {
            "decision_id": decision,
            "stage": stage,
            "category": category,
            "policy_version": "fournil-1",
            "words": words,
            "score": 0.87,
            "appealable": appealable,
            "appeal_url": APPEALS if appealable else None,
            "expire_time": None if self.keep_seconds is None else stamp(time.time() + self.keep_seconds),
        }
        self.prompts[decision] = prompt
        return self.refusals[decision]

    def decide(self, state: str, notice: str) -> None:
        """An operator answers every open appeal."""
        for appeal in self.appeals.values():
            if appeal["state"] == "open":
                appeal.update(
                    state=state, notice=notice, credited=state == "granted", decide_time=stamp(time.time())
                )

    def routes(self) -> list[BaseRoute]:
        """The paths."""
        return [
            Route(APPEALS, self.file, methods=["POST"]),
            Route(APPEALS, self.listing, methods=["GET"]),
            Route("/v1/content_provenance_checks", self.check, methods=["POST"]),
        ]

    async def file(self, request: Request) -> Response:
        account = self._account(request)
        if not self.here or account is None:
            return PlainTextResponse("Not Found", 404)
        body = await request.json()
        if self.lost:
            self.lost = False
            return problem(503, "UNAVAILABLE", "A part of the service does not answer right now.")
        decision = body["decision_id"]
        if decision not in self.refusals:
            return problem(404, "NOT_FOUND", "There is no such thing here, or it is not yours.")
        prompt = body.get("prompt", "" if self.forgetful else self.prompts[decision])
        if prompt != self.prompts[decision] and self.prompts[decision]:
            facts = {"field": "prompt", "detail": "must be the prompt that was refused"}
            return problem(400, "INVALID_ARGUMENT", "prompt: must be the prompt that was refused", metadata=facts)
        if decision not in self.appeals:
            if sum(1 for one in self.appeals.values() if one["state"] == "open") >= MOST_OPEN:
                return problem(429, "LIMIT_REACHED", "No more can be taken right now: at most 5.")
            self.owners[decision] = account
            self.appeals[decision] = {
                "id": decision.replace("dec_", "apl_"),
                "decision_id": decision,
                "state": "open",
                "stage": self.refusals[decision]["stage"],
                "category": self.refusals[decision]["category"],
                "score": 0.87,
                "policy_version": "fournil-1",
                "prompt": prompt if self.refusals[decision]["stage"] == "prompt" else "",
                "note": body["note"],
                "notice": "",
                "credited": False,
                "create_time": stamp(time.time()),
                "decide_time": None,
            }
        return JSONResponse(self.appeals[decision], 201)

    async def listing(self, request: Request) -> Response:
        if not self.here:
            return PlainTextResponse("Not Found", 404)
        account = self._account(request)
        size, token = int(request.query_params["page_size"]), request.query_params["page_token"]
        own = [one for decision, one in self.appeals.items() if self.owners[decision] == account]
        newest = [one for one in reversed(own) if not token or one["id"] < token]
        shown = newest[:size]
        more = shown[-1]["id"] if len(newest) > size else ""
        return JSONResponse({"appeals": shown, "next_page_token": more})

    async def check(self, request: Request) -> Response:
        body = await request.body()
        if not body.startswith(PICTURE_HEADS):
            facts = {"field": "image", "detail": "not a readable PNG, JPEG or WebP picture"}
            return problem(400, "INVALID_ARGUMENT", "image: not a readable picture", metadata=facts)
        self.checked.append(body)
        report = {
            "object": "content_provenance_check",
            "state": "trusted",
            "made_here": True,
            "generator": "Fournil",
            "model": "fournil-mini",
            "time": "2026-03-14T15:09:26Z",
            "source_type": "trainedAlgorithmicMedia",
            "prompt": "",
            "signer": "Fournil development signer, Fournil (development)",
            "problems": [],
        }
        return JSONResponse(report | self.credential)
