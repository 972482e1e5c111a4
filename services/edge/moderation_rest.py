"""The moderation surface over HTTP: `/v1/moderations` in OpenAI's form, decisions and appeals as native
resources."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from services.edge.asking import check_moderation, check_prompt
from services.edge.authenticator import Authenticator
from services.edge.http_body import MAX_BODY_WITH_IMAGE, json_body
from services.edge.http_boundary import guarded
from services.edge.iso_time import iso_time, iso_time_if
from services.edge.job import Account
from services.edge.links import APPEALS, DECISIONS
from services.edge.moderation_counter import MOST_INPUTS, Input, ModerationCounter
from services.edge.openai_errors import openai_error
from services.edge.peers import Appeal, Decision, Verdict
from services.edge.problems import appeal_links
from services.edge.shapes import DecisionNote
from services.runtime import call_context
from services.runtime.errors import invalid
from services.runtime.openai_moderation import OURS, WITHOUT_A_NAME_THERE

MODEL = "fournil-moderation"
NAMES: Mapping[str, str] = {**OURS, **{name: name for name in WITHOUT_A_NAME_THERE}}
"""The names that are answered, and our categories behind them."""
_SEEN_IN_PICTURES = {"sexual"}
"""What the shipped picture model judges."""

_DATA_URL = re.compile(r"data:image/(?:png|jpeg|webp);base64,([A-Za-z0-9+/=\s]+)", re.ASCII)


class ModerationApi:
    """Endpoints."""

    def __init__(self, counter: ModerationCounter, authenticator: Authenticator) -> None:
        self._counter = counter
        self._authenticator = authenticator

    def routes(self) -> list[BaseRoute]:
        """The paths."""
        return [
            Route("/v1/moderations", guarded(self.moderate, openai_error), methods=["POST"]),
            Route(DECISIONS + "/{id}", guarded(self.decision), methods=["GET"]),
            Route(APPEALS, guarded(self.file), methods=["POST"]),
            Route(APPEALS, guarded(self.list), methods=["GET"]),
            Route(APPEALS + "/{id}", guarded(self.get), methods=["GET"]),
        ]

    async def moderate(self, request: Request) -> Response:
        """POST /v1/moderations: one result a text of a list, one for a list of parts."""
        account = await self._account(request)
        body = await json_body(request, MAX_BODY_WITH_IMAGE)
        model = body.get("model") or MODEL
        if not isinstance(model, str) or len(model) > 100:
            raise invalid("model", "must be text")
        inputs = read_input(body.get("input"))
        verdicts = await self._counter.look(account, inputs, check_moderation(body.get("moderation")))
        results = [
            result(found, [isinstance(part, str) for part in parts])
            for found, parts in zip(verdicts, inputs, strict=True)
        ]
        return JSONResponse({"id": f"modr-{call_context.request_id.get()}", "model": model, "results": results})

    async def decision(self, request: Request) -> Response:
        """GET /v1/moderation/decisions/{id}."""
        account = await self._account(request)
        return JSONResponse(decision_note(await self._counter.decision(account, request.path_params["id"])))

    async def file(self, request: Request) -> Response:
        """POST /v1/moderation/appeals: 201, also when it was filed before."""
        account = await self._account(request)
        body = await json_body(request)
        appeal = await self._counter.file(account, body.get("decision_id"), body.get("note"), body.get("prompt"))
        return JSONResponse(shape(appeal), 201, headers={"location": f"{APPEALS}/{appeal.id}"})

    async def list(self, request: Request) -> Response:
        """GET /v1/moderation/appeals."""
        account = await self._account(request)
        raw = request.query_params.get("page_size", "20")
        if not raw.isdecimal() or not 1 <= int(raw[:6]) <= 100:
            raise invalid("page_size", "must be 1 to 100")
        token = request.query_params.get("page_token", "")
        appeals, after = await self._counter.list(account, size=int(raw), token=token)
        return JSONResponse({"appeals": [shape(one) for one in appeals], "next_page_token": after})

    async def get(self, request: Request) -> Response:
        """GET /v1/moderation/appeals/{id}."""
        account = await self._account(request)
        return JSONResponse(shape(await self._counter.get(account, request.path_params["id"])))

    async def _account(self, request: Request) -> Account:
        return await self._authenticator.account(request.headers.get("authorization"))


def read_input(given: object) -> list[Input]:
    """OpenAI's `input`: a text, a list of texts, or a list of parts that are one input. Raises
    INVALID_ARGUMENT."""
    if isinstance(given, str):
        return [[check_prompt("input", given)]]
    if not isinstance(given, list) or not given:
        raise invalid("input", "must be text, or a list of texts, or a list of parts")
    if len(given) > MOST_INPUTS:
        raise invalid("input", f"must be at most {MOST_INPUTS}, not {len(given)}")
    if all(isinstance(one, str) for one in given):
        return [[check_prompt("input", one)] for one in given]
    return [[_part(one) for one in given]]


def result(verdicts: Sequence[Verdict], texts: Sequence[bool]) -> dict[str, Any]:
    """One of OpenAI's results from the verdicts on an input's parts; `texts` says which of them are texts."""
    refused = [one for one in verdicts if not one.allowed]
    beyond = {name for one in refused for name in one.beyond or [one.category]}
    seen = {name for one in verdicts for name in one.scores if one.stage == "image" and name in NAMES.values()}
    seen |= _SEEN_IN_PICTURES
    applied = {
        name: [kind for kind, there in (("text", any(texts)), ("image", not all(texts) and ours in seen)) if there]
        for name, ours in NAMES.items()
    }
    worst = refused[0] if refused else max(verdicts, key=lambda one: one.score)
    return {
        "flagged": bool(refused),
        "categories": {name: ours in beyond for name, ours in NAMES.items()},
        "category_scores": {
            name: max(one.scores.get(ours, 0.0) for one in verdicts) for name, ours in NAMES.items()
        },
        "category_applied_input_types": applied,
        "verdict": {
            "category": worst.category,
            "text": worst.text,
            "words": list(worst.words),
            "policy_version": worst.policy_version,
        },
    }


def decision_note(decision: Decision) -> DecisionNote:
    """A refusal on record as JSON."""
    verdict = decision.verdict
    return {
        "id": verdict.decision_id,
        "job_id": decision.job_id,
        "stage": verdict.stage,
        "category": verdict.category,
        "score": verdict.score,
        "policy_version": verdict.policy_version,
        "text": verdict.text,
        "create_time": iso_time(decision.created),
        **appeal_links(verdict.appealable, iso_time_if(verdict.expires)),
    }


def shape(appeal: Appeal) -> dict[str, Any]:
    """An appeal as JSON."""
    names = (
        "id", "decision_id", "state", "stage", "category", "score", "policy_version", "prompt", "note", "notice",
        "credited",
    )  # fmt: skip
    return {
        **{name: getattr(appeal, name) for name in names},
        "create_time": iso_time(appeal.created),
        "decide_time": iso_time_if(appeal.decided),
    }


def _part(part: object) -> str | bytes:
    kind = part.get("type") if isinstance(part, dict) else None
    if isinstance(part, dict) and kind == "text":
        return check_prompt("input", part.get("text"))
    if isinstance(part, dict) and kind == "image_url":
        holder = part.get("image_url")
        url = holder.get("url") if isinstance(holder, dict) else holder
        match = _DATA_URL.fullmatch(url) if isinstance(url, str) else None
        if match is None:
            raise invalid("input", "must be data URLs with base64")
        try:
            return base64.b64decode(match[1], validate=False)
        except binascii.Error:
            raise invalid("input", "must be data URLs with base64") from None
    raise invalid("input", "must be text, or a list of texts, or a list of parts")
