"""The three peers over gRPC. Translation only: messages to plain values, `AioRpcError` to `Fault`."""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import fields, replace
from datetime import timedelta

import grpc
from google.protobuf import timestamp_pb2

from fournil.generator.v1 import generator_pb2, generator_pb2_grpc
from fournil.moderator.v1 import moderator_pb2, moderator_pb2_grpc
from fournil.quota.v1 import quota_pb2, quota_pb2_grpc
from services.edge import rate_limits
from services.edge.asking import ModelFacts
from services.edge.job import Account, Format, Job, Place, State, Usage
from services.edge.peers import (
    Allowance,
    Appeal,
    BakedPicture,
    Baking,
    Limit,
    LineClass,
    LineState,
    RefundReason,
    Refused,
    Reservation,
    RoughPicture,
    StepDone,
    Surge,
    Ticket,
    Turn,
    Verdict,
)
from services.runtime.channels import open_channel
from services.runtime.errors import Fault, Reason
from services.runtime.wire_errors import from_rpc_error

RESERVATION_LIFE = timedelta(seconds=60)
BAKE_SECONDS = 900.0
"""Longest one job may be in the oven."""
CONNECT_SECONDS = 10.0
"""Longest wait for a generator's connection. Its turn's lease (30 s) outlasts it."""
MOST_OVENS = 256
"""Channels to generators that are kept open; the one unused for longest is closed first."""

_STATES = {
    quota_pb2.RESERVATION_STATE_HELD: State.HELD,
    quota_pb2.RESERVATION_STATE_QUEUED: State.QUEUED,
    quota_pb2.RESERVATION_STATE_RUNNING: State.RUNNING,
    quota_pb2.RESERVATION_STATE_COMMITTED: State.COMMITTED,
    quota_pb2.RESERVATION_STATE_REFUNDED: State.REFUNDED,
}
_REASONS = {
    quota_pb2.REFUND_REASON_PROMPT_REFUSED: RefundReason.PROMPT_REFUSED,
    quota_pb2.REFUND_REASON_IMAGE_REFUSED: RefundReason.IMAGE_REFUSED,
    quota_pb2.REFUND_REASON_FAILED: RefundReason.FAILED,
    quota_pb2.REFUND_REASON_CANCELLED: RefundReason.CANCELLED,
    quota_pb2.REFUND_REASON_EXPIRED: RefundReason.EXPIRED,
}
_TO_REASON = {reason: number for number, reason in _REASONS.items()}
_PLACE_REASONS = {
    quota_pb2.PLACE_REASON_FAIR_SHARE: "fair_share",
    quota_pb2.PLACE_REASON_RETURNED_JOB: "returned_job",
}
_LEVELS = {
    quota_pb2.SURGE_LEVEL_UNSPECIFIED: "normal",
    quota_pb2.SURGE_LEVEL_NORMAL: "normal",
    quota_pb2.SURGE_LEVEL_BUSY: "busy",
    quota_pb2.SURGE_LEVEL_SURGE: "surge",
    quota_pb2.SURGE_LEVEL_SHED: "shed",
}
_STRICTNESS = {"auto": moderator_pb2.STRICTNESS_AUTO, "low": moderator_pb2.STRICTNESS_LOW}
_PRIORITIES = {"free": generator_pb2.PRIORITY_FREE}
_FORMATS = {
    Format.PNG: generator_pb2.PICTURE_FORMAT_PNG,
    Format.JPEG: generator_pb2.PICTURE_FORMAT_JPEG,
    Format.WEBP: generator_pb2.PICTURE_FORMAT_WEBP,
}


@contextlib.contextmanager
def _faults_of(peer: str) -> Iterator[None]:
    try:
        yield
    except grpc.aio.AioRpcError as error:
        raise from_rpc_error(error, peer) from error


class GrpcQuota:
    """Implements `peers.Quota`."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = quota_pb2_grpc.QuotaServiceStub(channel)

    async def authenticate(self, api_key: str) -> Account:
        with _faults_of("quota"):
            answer = await self._stub.Authenticate(quota_pb2.AuthenticateRequest(api_key=api_key))
        return Account(answer.account_id, answer.tier, answer.key_id, tuple(answer.scopes))

    async def reserve(self, job: Job, *, validate_only: bool = False) -> Reservation:
        request = quota_pb2.ReserveRequest(
            id=job.id,
            account_id=job.account.account_id,
            cost=job.spec.count,
            model=job.spec.model,
            request_id=job.request_id,
            body_hash=job.body_hash,
            ttl=RESERVATION_LIFE,
            validate_only=validate_only,
            work=job.spec.work,
            tier=job.account.tier,
            voucher=job.voucher,
        )
        with _faults_of("quota"):
            answer = await self._stub.Reserve(request)
        taken = answer.WhichOneof("outcome") == "reservation" and answer.reservation.id == job.id
        took = {"pictures": job.spec.count, "work": job.spec.work, "jobs": 1}
        rate_limits.note(_binding(answer.verdicts), took if taken and not validate_only else {})
        if answer.WhichOneof("outcome") == "refusal":
            raise _refusal(answer)
        if validate_only:
            return Reservation(job.id, State.HELD)
        return replace(_reservation(answer.reservation), voucher=answer.voucher)

    async def enqueue(self, job: Job) -> Ticket:
        with _faults_of("quota"):
            request = quota_pb2.EnqueueRequest(id=job.id, voucher=job.voucher)
            return _ticket((await self._stub.Enqueue(request)).ticket)

    async def watch_ticket(self, job_id: str) -> AsyncIterator[Ticket]:
        with _faults_of("quota"):
            async for update in self._stub.WatchTicket(quota_pb2.WatchTicketRequest(id=job_id)):
                yield _ticket(update.ticket)

    async def return_turn(self, job: Job, attempt: int, untried: bool) -> Reservation:
        request = quota_pb2.ReturnTurnRequest(id=job.id, attempt=attempt, untried=untried, voucher=job.voucher)
        with _faults_of("quota"):
            answer = await self._stub.ReturnTurn(request)
        return _reservation(answer.reservation)

    async def release_slots(self, job: Job, attempt: int) -> None:
        with _faults_of("quota"):
            request = quota_pb2.ReleaseSlotsRequest(id=job.id, attempt=attempt, voucher=job.voucher)
            await self._stub.ReleaseSlots(request)

    async def extend(self, job_ids: Sequence[str]) -> Sequence[str]:
        with _faults_of("quota"):
            answer = await self._stub.Extend(quota_pb2.ExtendRequest(ids=job_ids, ttl=RESERVATION_LIFE))
        return list(answer.lost_ids)

    async def commit(self, job: Job, actual: int) -> Reservation:
        with _faults_of("quota"):
            request = quota_pb2.CommitRequest(id=job.id, actual=actual, voucher=job.voucher)
            answer = await self._stub.Commit(request)
        return _reservation(answer.reservation)

    async def refund(self, job: Job, reason: RefundReason) -> Reservation:
        with _faults_of("quota"):
            request = quota_pb2.RefundRequest(id=job.id, reason=_TO_REASON[reason], voucher=job.voucher)
            return _reservation((await self._stub.Refund(request)).reservation)

    async def allowance(self, account: Account) -> Allowance:
        with _faults_of("quota"):
            request = quota_pb2.GetAllowanceRequest(account_id=account.account_id, tier=account.tier)
            answer = await self._stub.GetAllowance(request)
        limits = [_limit(verdict) for verdict in answer.verdicts]
        rate_limits.note(_binding(answer.verdicts))
        live = next(limit for limit in limits if limit.policy == "live")
        return Allowance(answer.tier, limits[0], live, limits, _LEVELS[answer.level])

    async def line(self) -> LineState:
        with _faults_of("quota"):
            answer = await self._stub.DescribeLine(quota_pb2.DescribeLineRequest())
        classes = [
            LineClass(
                entry.model,
                entry.tier,
                entry.waiting,
                entry.wait.ToMicroseconds() / 1e6 if entry.HasField("wait") else None,
            )
            for entry in answer.classes
        ]
        slots, baking = sum(oven.slots for oven in answer.ovens), sum(oven.leased for oven in answer.ovens)
        surge = Surge(
            _LEVELS[answer.surge.level],
            answer.surge.since.ToMicroseconds() / 1e6 if answer.surge.HasField("since") else None,
            answer.surge.cause,
            answer.surge.pinned,
            answer.surge.backlog_seconds,
        )
        return LineState(classes, len(answer.ovens), slots, baking, surge)


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
        with _faults_of("moderator"):
            return _verdict((await self._stub.ScreenPrompt(request)).verdict)

    async def screen_image(self, job: Job, image: bytes) -> Verdict:
        request = moderator_pb2.ScreenImageRequest(
            job_id=job.id,
            account_id=job.account.account_id,
            tier=job.account.tier,
            strictness=_STRICTNESS[job.spec.moderation],
            image=image,
        )
        with _faults_of("moderator"):
            return _verdict((await self._stub.ScreenImage(request)).verdict)


class GrpcTaster:
    """Implements `peers.Taster`."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = moderator_pb2_grpc.ModeratorServiceStub(channel)

    async def look_at(self, account: Account, what: str | bytes, moderation: str) -> Verdict:
        who, strictness = account.account_id, _STRICTNESS[moderation]
        with _faults_of("moderator"):
            if isinstance(what, str):
                prompt = moderator_pb2.ScreenPromptRequest(
                    prompt=what, account_id=who, tier=account.tier, strictness=strictness, probe=True
                )
                return _verdict((await self._stub.ScreenPrompt(prompt)).verdict)
            picture = moderator_pb2.ScreenImageRequest(
                image=what, account_id=who, tier=account.tier, strictness=strictness, probe=True
            )
            return _verdict((await self._stub.ScreenImage(picture)).verdict)

    async def refused(self, decision_id: str) -> Refused:
        with _faults_of("moderator"):
            request = moderator_pb2.GetDecisionRequest(decision_id=decision_id)
            answer = await self._stub.GetDecision(request)
        return Refused(answer.account_id, answer.job_id)

    async def file_appeal(self, account: Account, decision_id: str, prompt: str, note: str) -> Appeal:
        request = moderator_pb2.FileAppealRequest(
            decision_id=decision_id, account_id=account.account_id, prompt=prompt, note=note
        )
        with _faults_of("moderator"):
            return _appeal((await self._stub.FileAppeal(request)).appeal)

    async def appeal(self, account: Account, appeal_id: str) -> Appeal:
        request = moderator_pb2.GetAppealRequest(appeal_id=appeal_id, account_id=account.account_id)
        with _faults_of("moderator"):
            return _appeal((await self._stub.GetAppeal(request)).appeal)

    async def appeals(self, account: Account, size: int, token: str) -> tuple[Sequence[Appeal], str]:
        request = moderator_pb2.ListAppealsRequest(account_id=account.account_id, page_size=size, page_token=token)
        with _faults_of("moderator"):
            answer = await self._stub.ListAppeals(request)
        return [_appeal(one) for one in answer.appeals], answer.next_page_token


class GrpcOvens:
    """Implements `peers.Ovens`: one channel to each generator that turns were given for."""

    def __init__(self) -> None:
        self._channels: OrderedDict[str, grpc.aio.Channel] = OrderedDict()

    async def generate(self, job: Job, turn: Turn, source: bytes) -> AsyncIterator[Baking]:
        channel = await self._channel(turn.address)
        stub = generator_pb2_grpc.GeneratorServiceStub(channel)
        spec = job.spec
        request = generator_pb2.GenerateRequest(
            job_id=job.id,
            model=spec.model,
            prompt=spec.prompt,
            count=spec.count,
            seed=spec.seed,
            steps=spec.steps,
            width=spec.width,
            height=spec.height,
            priority=_PRIORITIES.get(job.account.tier, generator_pb2.PRIORITY_PAID),
            previews=spec.previews,
            guidance=spec.guidance,
            negative_prompt=spec.negative_prompt,
            source=source,
            strength=spec.strength,
            format=_FORMATS[spec.output_format],
            quality=spec.quality,
        )
        whole = False
        with _faults_of("generator"):
            await _connected(channel)
            async for event in stub.Generate(request, timeout=BAKE_SECONDS):
                match event.WhichOneof("event"):
                    case "progress":
                        yield StepDone(event.progress.index, event.progress.step, event.progress.steps)
                    case "preview":
                        yield RoughPicture(event.preview.index, event.preview.step, event.preview.png)
                    case "picture":
                        yield BakedPicture(event.picture.index, event.picture.seed, event.picture.data)
                    case "usage":
                        whole = True
                        yield _usage(event.usage)
        if not whole:
            raise Fault(Reason.UNAVAILABLE, "the generator's stream ended early", peer="generator")

    async def close(self) -> None:
        """Closes every channel."""
        for channel in self._channels.values():
            await channel.close()

    async def _channel(self, address: str) -> grpc.aio.Channel:
        if address not in self._channels:
            self._channels[address] = open_channel(address, service="fournil.generator.v1.GeneratorService")
            if len(self._channels) > MOST_OVENS:
                _, oldest = self._channels.popitem(last=False)
                await oldest.close(grace=BAKE_SECONDS)
        self._channels.move_to_end(address)
        return self._channels[address]


async def _connected(channel: grpc.aio.Channel) -> None:
    """Waits for the connection. A generator that was just restarted reports to the desk before our channel has
    ended its pause between two tries; failing at once would spend the job's turns within a second or two."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            await channel.channel_ready()
    except TimeoutError:
        raise Fault(Reason.UNAVAILABLE, "the generator cannot be reached", peer="generator") from None


async def list_models(channel: grpc.aio.Channel) -> dict[str, ModelFacts]:
    """The models of one generator replica, by name."""
    stub = generator_pb2_grpc.GeneratorServiceStub(channel)
    with _faults_of("generator"):
        answer = await stub.ListModels(generator_pb2.ListModelsRequest(), timeout=3.0)
    return {model.name: _model(model) for model in answer.models}


def _model(message: generator_pb2.Model) -> ModelFacts:
    same = {field.name for field in fields(ModelFacts)} - {"takes_image"}
    return ModelFacts(takes_image=message.takes_source, **{name: getattr(message, name) for name in same})


def _refusal(answer: quota_pb2.ReserveResponse) -> Fault:
    refusal = answer.refusal
    reason = Reason(refusal.reason)
    facts: dict[str, object] = {"policy": refusal.policy, "level": _LEVELS[answer.level]}
    for verdict in answer.verdicts:
        if verdict.policy == refusal.policy:
            unit = quota_pb2.LimitUnit.Name(verdict.unit).removeprefix("LIMIT_UNIT_").lower()
            facts |= {"limit": verdict.limit, "used": verdict.used, "held": verdict.held, "unit": unit}
            if verdict.HasField("reset_time"):
                facts["reset"] = verdict.reset_time.ToJsonString()
    retry_after: float | None = None
    if refusal.HasField("retry_time"):
        now = timestamp_pb2.Timestamp()
        now.GetCurrentTime()
        retry_after = max(0.0, (refusal.retry_time.ToMicroseconds() - now.ToMicroseconds()) / 1e6)
    return Fault(reason, f"limit {refusal.policy!r} refuses", retry_after=retry_after, **facts)


def _reservation(message: quota_pb2.Reservation) -> Reservation:
    return Reservation(message.id, _STATES[message.state], message.charged, _REASONS.get(message.refund_reason))


def _ticket(message: quota_pb2.Ticket) -> Ticket:
    place = Place(
        message.place,
        message.eta_low.ToMicroseconds() / 1e6 if message.HasField("eta_low") else None,
        message.eta_high.ToMicroseconds() / 1e6 if message.HasField("eta_high") else None,
        _PLACE_REASONS.get(message.place_reason, ""),
    )
    turn = Turn(message.turn.generator_address, message.turn.attempt) if message.HasField("turn") else None
    return Ticket(_STATES[message.state], place, turn, _REASONS.get(message.refund_reason))


def _binding(verdicts: Iterable[quota_pb2.PolicyVerdict]) -> Sequence[Limit]:
    """Those that may refuse somebody."""
    return [_limit(verdict) for verdict in verdicts if not verdict.shadow]


def _limit(message: quota_pb2.PolicyVerdict) -> Limit:
    reset = message.reset_time.ToMicroseconds() / 1e6 if message.HasField("reset_time") else None
    unit = quota_pb2.LimitUnit.Name(message.unit).removeprefix("LIMIT_UNIT_").lower()
    return Limit(message.policy, message.limit, message.used, message.held, reset, unit)


def _verdict(message: moderator_pb2.Verdict) -> Verdict:
    stage = "image" if message.stage == moderator_pb2.STAGE_IMAGE else "prompt"
    return Verdict(
        allowed=message.allowed,
        decision_id=message.decision_id,
        stage=stage,
        category=message.category,
        words=list(message.words),
        score=message.score,
        policy_version=message.policy_version,
        appealable=message.appealable,
        text=message.text,
        beyond=list(message.beyond),
        scores=dict(message.scores),
    )


def _appeal(message: moderator_pb2.Appeal) -> Appeal:
    decided = message.decide_time.ToMicroseconds() / 1e6 if message.HasField("decide_time") else None
    return Appeal(
        id=message.id,
        decision_id=message.decision_id,
        state=moderator_pb2.AppealState.Name(message.state).removeprefix("APPEAL_STATE_").lower(),
        stage="image" if message.stage == moderator_pb2.STAGE_IMAGE else "prompt",
        category=message.category,
        score=message.score,
        policy_version=message.policy_version,
        prompt=message.prompt,
        note=message.note,
        created=message.create_time.ToMicroseconds() / 1e6,
        decided=decided,
        notice=message.notice,
        credited=message.credit == moderator_pb2.CREDIT_STATE_DONE,
    )


def _usage(message: generator_pb2.Usage) -> Usage:
    joules = message.energy_joules if message.HasField("energy_joules") else None
    return Usage(message.compute_time.ToMicroseconds() / 1e6, joules)
