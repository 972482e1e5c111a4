"""The taster over gRPC: for the walk, and for callers who ask it themselves. Translation only."""

from collections.abc import Sequence

import grpc

from fournil.moderator.v1 import moderator_pb2, moderator_pb2_grpc
from services.edge.job import Account, Job
from services.edge.peer_faults import faults_of
from services.edge.peers import Appeal, Decision, Verdict
from services.runtime.wire_time import seconds, seconds_if

_STRICTNESS = {"auto": moderator_pb2.STRICTNESS_AUTO, "low": moderator_pb2.STRICTNESS_LOW}
_DECIMALS = 4
"""Of a score. Rounded where it comes in, so that it is the same number wherever it is told: in a refusal, read
back, in an appeal, in any form."""


class GrpcModerator:
    """Implements `peers.Moderator`."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = moderator_pb2_grpc.ModeratorServiceStub(channel)

    async def screen_prompt(self, job: Job) -> Verdict:
        request = moderator_pb2.ScreenPromptRequest(
            job_id=job.id,
            account_id=job.account.account_id,
            tier=job.account.tier,
            strictness=_STRICTNESS[job.spec.moderation],
            prompt=job.spec.prompt,
            negative_prompt=job.spec.negative_prompt or "",
        )
        with faults_of("moderator"):
            return _verdict((await self._stub.ScreenPrompt(request)).verdict)

    async def screen_image(self, job: Job, image: bytes) -> Verdict:
        request = moderator_pb2.ScreenImageRequest(
            job_id=job.id,
            account_id=job.account.account_id,
            tier=job.account.tier,
            strictness=_STRICTNESS[job.spec.moderation],
            image=image,
        )
        with faults_of("moderator"):
            return _verdict((await self._stub.ScreenImage(request)).verdict)


class GrpcTaster:
    """Implements `peers.Taster`."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = moderator_pb2_grpc.ModeratorServiceStub(channel)

    async def look_at(self, account: Account, what: str | bytes, moderation: str) -> Verdict:
        who, strictness = account.account_id, _STRICTNESS[moderation]
        with faults_of("moderator"):
            if isinstance(what, str):
                prompt = moderator_pb2.ScreenPromptRequest(
                    prompt=what, account_id=who, tier=account.tier, strictness=strictness, probe=True
                )
                return _verdict((await self._stub.ScreenPrompt(prompt)).verdict)
            picture = moderator_pb2.ScreenImageRequest(
                image=what, account_id=who, tier=account.tier, strictness=strictness, probe=True
            )
            return _verdict((await self._stub.ScreenImage(picture)).verdict)

    async def decision(self, decision_id: str) -> Decision:
        with faults_of("moderator"):
            request = moderator_pb2.GetDecisionRequest(decision_id=decision_id)
            answer = await self._stub.GetDecision(request)
        created = seconds(answer.create_time)
        return Decision(_verdict(answer.verdict), answer.account_id, answer.job_id, created)

    async def file_appeal(self, account: Account, decision_id: str, prompt: str, note: str) -> Appeal:
        request = moderator_pb2.FileAppealRequest(
            decision_id=decision_id, account_id=account.account_id, prompt=prompt, note=note
        )
        with faults_of("moderator"):
            return _appeal((await self._stub.FileAppeal(request)).appeal)

    async def appeal(self, account: Account, appeal_id: str) -> Appeal:
        request = moderator_pb2.GetAppealRequest(appeal_id=appeal_id, account_id=account.account_id)
        with faults_of("moderator"):
            return _appeal((await self._stub.GetAppeal(request)).appeal)

    async def appeals(self, account: Account, size: int, token: str) -> tuple[Sequence[Appeal], str]:
        request = moderator_pb2.ListAppealsRequest(account_id=account.account_id, page_size=size, page_token=token)
        with faults_of("moderator"):
            answer = await self._stub.ListAppeals(request)
        return [_appeal(one) for one in answer.appeals], answer.next_page_token


def _verdict(message: moderator_pb2.Verdict) -> Verdict:
    stage = "image" if message.stage == moderator_pb2.STAGE_IMAGE else "prompt"
    return Verdict(
        allowed=message.allowed,
        decision_id=message.decision_id,
        stage=stage,
        category=message.category,
        words=list(message.words),
        score=round(message.score, _DECIMALS),
        policy_version=message.policy_version,
        appealable=message.appealable,
        text=message.text,
        beyond=list(message.beyond),
        scores={name: round(score, _DECIMALS) for name, score in message.scores.items()},
        expires=seconds_if(message, "expire_time"),
    )


def _appeal(message: moderator_pb2.Appeal) -> Appeal:
    decided = seconds_if(message, "decide_time")
    return Appeal(
        id=message.id,
        decision_id=message.decision_id,
        state=moderator_pb2.AppealState.Name(message.state).removeprefix("APPEAL_STATE_").lower(),
        stage="image" if message.stage == moderator_pb2.STAGE_IMAGE else "prompt",
        category=message.category,
        score=round(message.score, _DECIMALS),
        policy_version=message.policy_version,
        prompt=message.prompt,
        note=message.note,
        created=seconds(message.create_time),
        decided=decided,
        notice=message.notice,
        credited=message.credit == moderator_pb2.CREDIT_STATE_DONE,
    )
