"""The gRPC surface: messages in, messages out, nothing else."""

from __future__ import annotations

import time
from typing import Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from prometheus_client import Counter, Histogram

from fournil.moderator.v1 import moderator_pb2 as pb
from fournil.moderator.v1 import moderator_pb2_grpc
from services.moderator.decisions import Decisions
from services.moderator.screening import MAX_PROMPT, Screener
from services.moderator.verdict import Stage, Verdict
from services.moderator.workers import Workers
from services.runtime.errors import invalid

VERDICTS = Counter("fournil_moderation_verdicts_total", "Verdicts.", ["stage", "category"])
SECONDS = Histogram(
    "fournil_moderation_seconds", "Time to a verdict, waiting for a thread included.", ["stage"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)  # fmt: skip

MAX_ID = 128
_STAGES = {Stage.PROMPT: pb.STAGE_PROMPT, Stage.IMAGE: pb.STAGE_IMAGE}

Context = grpc.aio.ServicerContext[Any, Any]


class ModeratorServicer(moderator_pb2_grpc.ModeratorServiceServicer):
    """Implements fournil.moderator.v1.ModeratorService."""

    def __init__(self, screener: Screener, workers: Workers, decisions: Decisions) -> None:
        self._screener, self._workers, self._decisions = screener, workers, decisions

    async def ScreenPrompt(self, request: pb.ScreenPromptRequest, context: Context) -> pb.ScreenPromptResponse:
        """Verdict on a prompt."""
        _check_ids(request.job_id, request.account_id)
        if len(request.prompt) > MAX_PROMPT:
            raise invalid("prompt", f"at most {MAX_PROMPT} characters, not {len(request.prompt)}")
        started = time.perf_counter()
        verdict = await self._workers.run(
            self._screener.prompt, request.prompt, request.job_id, request.account_id
        )
        await self._settle(verdict, started, request.job_id, request.account_id)
        return pb.ScreenPromptResponse(verdict=to_message(verdict))

    async def ScreenImage(self, request: pb.ScreenImageRequest, context: Context) -> pb.ScreenImageResponse:
        """Verdict on a picture."""
        _check_ids(request.job_id, request.account_id)
        started = time.perf_counter()
        verdict = await self._workers.run(
            self._screener.picture, request.image, request.job_id, request.account_id
        )
        await self._settle(verdict, started, request.job_id, request.account_id)
        return pb.ScreenImageResponse(verdict=to_message(verdict))

    async def GetDecision(self, request: pb.GetDecisionRequest, context: Context) -> pb.GetDecisionResponse:
        """A refusal by its id."""
        if not request.decision_id.startswith("dec_") or len(request.decision_id) > MAX_ID:
            raise invalid("decision_id", 'starts with "dec_"')
        decision = await self._decisions.find(request.decision_id)
        created = Timestamp()
        created.FromMicroseconds(int(decision.create_time * 1e6))
        return pb.GetDecisionResponse(
            verdict=to_message(decision.verdict),
            job_id=decision.job_id,
            account_id=decision.account_id,
            create_time=created,
        )

    async def _settle(self, verdict: Verdict, started: float, job_id: str, account_id: str) -> None:
        """Counts a verdict and records a refusal."""
        SECONDS.labels(verdict.stage.value).observe(time.perf_counter() - started)
        VERDICTS.labels(verdict.stage.value, verdict.category or "allowed").inc()
        if not verdict.allowed:
            await self._decisions.record(verdict, job_id, account_id)


def to_message(verdict: Verdict) -> pb.Verdict:
    """The verdict on the wire."""
    return pb.Verdict(
        allowed=verdict.allowed,
        decision_id=verdict.decision_id,
        stage=_STAGES[verdict.stage],
        category=verdict.category,
        score=verdict.score,
        policy_version=verdict.policy_version,
        words=verdict.words,
        scores=verdict.scores,
    )


def _check_ids(job_id: str, account_id: str) -> None:
    for field, value in (("job_id", job_id), ("account_id", account_id)):
        if len(value) > MAX_ID:
            raise invalid(field, f"at most {MAX_ID} characters")
