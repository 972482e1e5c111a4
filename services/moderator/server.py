"""The gRPC surface: messages in, messages out, nothing else."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import Any

import grpc
from prometheus_client import Counter, Histogram

from fournil.moderator.v1 import moderator_pb2 as pb
from fournil.moderator.v1 import moderator_pb2_grpc
from services.moderator.appeal_desk import AppealDesk
from services.moderator.appeals import Appeal, Credit, State
from services.moderator.decisions import Decisions
from services.moderator.rules import Level
from services.moderator.screening import MAX_PROMPT, Caller, Screener
from services.moderator.second_opinion import SecondOpinion
from services.moderator.verdict import Stage, Verdict
from services.moderator.wording import sentence
from services.moderator.workers import Workers
from services.runtime import call_context
from services.runtime.errors import invalid
from services.runtime.wire_time import timestamp

VERDICTS = Counter("fournil_moderation_verdicts_total", "Verdicts.", ["stage", "category"])
SETTLED = Counter("fournil_moderation_settled_total", "Verdicts that an exemplar decided.", ["verdict"])
SECONDS = Histogram(
    "fournil_moderation_seconds", "Time to a verdict, waiting for a thread included.", ["stage"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)  # fmt: skip

MAX_ID = 128
_STAGES = {Stage.PROMPT: pb.STAGE_PROMPT, Stage.IMAGE: pb.STAGE_IMAGE}
_STATES = {
    State.OPEN: pb.APPEAL_STATE_OPEN,
    State.GRANTED: pb.APPEAL_STATE_GRANTED,
    State.DENIED: pb.APPEAL_STATE_DENIED,
}
_CREDITS = {
    Credit.NONE: pb.CREDIT_STATE_UNSPECIFIED,
    Credit.DUE: pb.CREDIT_STATE_DUE,
    Credit.DONE: pb.CREDIT_STATE_DONE,
    Credit.REFUSED: pb.CREDIT_STATE_REFUSED,
}

Context = grpc.aio.ServicerContext[Any, Any]


class ModeratorServicer(moderator_pb2_grpc.ModeratorServiceServicer):
    """Implements fournil.moderator.v1.ModeratorService."""

    def __init__(
        self,
        screener: Screener,
        workers: Workers,
        decisions: Decisions,
        appeals: AppealDesk,
        second: SecondOpinion | None = None,
    ) -> None:
        """`second` is a remote endpoint that looks at pictures too."""
        self._screener, self._workers, self._decisions = screener, workers, decisions
        self._appeals, self._second = appeals, second

    async def ScreenPrompt(self, request: pb.ScreenPromptRequest, context: Context) -> pb.ScreenPromptResponse:
        """Verdict on a prompt."""
        caller = _caller(request)
        for field, text in (("prompt", request.prompt), ("negative_prompt", request.negative_prompt)):
            if len(text) > MAX_PROMPT:
                raise invalid(field, f"at most {MAX_PROMPT} characters, not {len(text)}")
        started = time.perf_counter()
        look = partial(self._screener.prompt, probe=request.probe)
        verdict = await self._workers.run(look, request.prompt, request.job_id, caller, request.negative_prompt)
        kept = await self._settle(verdict, started, request)
        return pb.ScreenPromptResponse(verdict=to_message(verdict, kept, probe=request.probe))

    async def ScreenImage(self, request: pb.ScreenImageRequest, context: Context) -> pb.ScreenImageResponse:
        """Verdict on a picture."""
        caller = _caller(request)
        started = time.perf_counter()
        more = await self._second.scores(request.image) if self._second is not None else None
        look = partial(self._screener.picture, probe=request.probe)
        verdict = await self._workers.run(look, request.image, request.job_id, caller, more)
        kept = await self._settle(verdict, started, request)
        return pb.ScreenImageResponse(verdict=to_message(verdict, kept, probe=request.probe))

    async def GetDecision(self, request: pb.GetDecisionRequest, context: Context) -> pb.GetDecisionResponse:
        """A refusal by its id."""
        check_decision(request.decision_id)
        decision = await self._decisions.find(request.decision_id)
        verdict = replace(decision.verdict, appealable=self._appeals.takes(decision.verdict.category))
        return pb.GetDecisionResponse(
            verdict=to_message(verdict, decision.expire_time),
            job_id=decision.job_id,
            account_id=decision.account_id,
            create_time=timestamp(decision.create_time),
        )

    async def FileAppeal(self, request: pb.FileAppealRequest, context: Context) -> pb.FileAppealResponse:
        """An appeal, filed now or before."""
        check_decision(request.decision_id)
        appeal = await self._appeals.file(request.account_id, request.decision_id, request.prompt, request.note)
        return pb.FileAppealResponse(appeal=appeal_message(appeal))

    async def GetAppeal(self, request: pb.GetAppealRequest, context: Context) -> pb.GetAppealResponse:
        """An appeal of the account's own."""
        appeal = await self._appeals.get(request.account_id, request.appeal_id)
        return pb.GetAppealResponse(appeal=appeal_message(appeal))

    async def ListAppeals(self, request: pb.ListAppealsRequest, context: Context) -> pb.ListAppealsResponse:
        """The account's appeals."""
        appeals, token = await self._appeals.list(request.account_id, request.page_size, request.page_token)
        return pb.ListAppealsResponse(appeals=[appeal_message(one) for one in appeals], next_page_token=token)

    async def _settle(
        self, verdict: Verdict, started: float, request: pb.ScreenPromptRequest | pb.ScreenImageRequest
    ) -> float | None:
        """Counts a verdict and records a refusal; until when that is kept, None where it is not."""
        SECONDS.labels(verdict.stage.value).observe(time.perf_counter() - started)
        VERDICTS.labels(verdict.stage.value, verdict.category or "allowed").inc()
        if verdict.exemplar_id:
            SETTLED.labels("allowed" if verdict.allowed else "refused").inc()
        if verdict.allowed or request.probe:
            return None
        return await self._decisions.record(verdict, request.job_id, request.account_id)


def to_message(verdict: Verdict, kept: float | None = None, *, probe: bool = False) -> pb.Verdict:
    """The verdict on the wire; `kept` until then, in Unix seconds, None where it is not."""
    return pb.Verdict(
        allowed=verdict.allowed,
        decision_id=verdict.decision_id,
        stage=_STAGES[verdict.stage],
        category=verdict.category,
        score=verdict.score,
        policy_version=verdict.policy_version,
        words=verdict.words,
        scores=verdict.scores,
        text=sentence(verdict, call_context.language.get(), probe=probe),
        appealable=verdict.appealable and not probe,
        exemplar_id=verdict.exemplar_id,
        beyond=verdict.beyond,
        expire_time=timestamp(kept),
    )


def appeal_message(appeal: Appeal) -> pb.Appeal:
    """An appeal on the wire."""
    return pb.Appeal(
        id=appeal.id,
        decision_id=appeal.decision_id,
        account_id=appeal.account_id,
        state=_STATES[appeal.state],
        stage=_STAGES[Stage(appeal.stage)],
        category=appeal.category,
        score=appeal.score,
        policy_version=appeal.policy_version,
        prompt=appeal.prompt,
        note=appeal.note,
        language=appeal.language,
        create_time=timestamp(appeal.filed),
        decide_time=timestamp(appeal.decided),
        notice=appeal.notice,
        exemplar_id=appeal.exemplar_id,
        credit=_CREDITS[appeal.credit],
    )


def check_decision(decision_id: str) -> None:
    """Raises INVALID_ARGUMENT."""
    if not decision_id.startswith("dec_") or len(decision_id) > MAX_ID:
        raise invalid("decision_id", 'starts with "dec_"')


def _caller(request: pb.ScreenPromptRequest | pb.ScreenImageRequest) -> Caller:
    for field in ("job_id", "account_id", "tier"):
        if len(getattr(request, field)) > MAX_ID:
            raise invalid(field, f"at most {MAX_ID} characters")
    low = request.strictness == pb.STRICTNESS_LOW
    return Caller(request.account_id, request.tier, Level.LOW if low else Level.AUTO)
