"""Plain values to gRPC messages and back."""

from fournil.quota.v1 import admin_pb2, quota_pb2
from services.quota.desk import ClassView
from services.quota.limits import Refusal, Unit, Verdict
from services.quota.office import Entry, Holder
from services.quota.reservation import Reservation, Turn
from services.quota.store import Decision
from services.quota.surge import Level, SurgeState
from services.quota.ticket import Ticket
from services.quota.wait import Oven
from services.runtime.errors import Fault, invalid
from services.runtime.wire_time import duration, timestamp

# Enum values are written by name: the tail of each is the name of ours, `_NONE` where there is none.
_NONE = "UNSPECIFIED"
_LEVELS = {
    Level.NORMAL: quota_pb2.SURGE_LEVEL_NORMAL,
    Level.BUSY: quota_pb2.SURGE_LEVEL_BUSY,
    Level.SURGE: quota_pb2.SURGE_LEVEL_SURGE,
    Level.SHED: quota_pb2.SURGE_LEVEL_SHED,
}
_UNITS = {
    Unit.PICTURES: quota_pb2.LIMIT_UNIT_PICTURES,
    Unit.WORK: quota_pb2.LIMIT_UNIT_WORK,
    Unit.JOBS: quota_pb2.LIMIT_UNIT_JOBS,
    Unit.SECONDS: quota_pb2.LIMIT_UNIT_SECONDS,
}


def reservation_message(reservation: Reservation) -> quota_pb2.Reservation:
    """A reservation on the wire."""
    return quota_pb2.Reservation(
        id=reservation.id,
        account_id=reservation.account_id,
        tier=reservation.tier,
        cost=reservation.cost,
        state=f"RESERVATION_STATE_{reservation.state}",
        charged=reservation.charged,
        refund_reason=f"REFUND_REASON_{reservation.refund_reason or _NONE}",
        attempts=reservation.attempts,
        expire_time=timestamp(reservation.expire_time),
        model=reservation.model,
        work=reservation.work,
        late=reservation.late,
    )


def decision_message(decision: Decision) -> quota_pb2.ReserveResponse:
    """A decision on the wire."""
    return quota_pb2.ReserveResponse(
        reservation=reservation_message(decision.reservation) if decision.reservation else None,
        refusal=refusal_message(decision.refusal) if decision.refusal else None,
        verdicts=[verdict_message(verdict) for verdict in decision.verdicts],
        level=level_message(decision.level),
        voucher=decision.voucher,
    )


def failure_message(fault: Fault) -> quota_pb2.ReserveFailure:
    """A fault of one request of a batch on the wire."""
    retry_after = None if fault.retry_after is None else duration(fault.retry_after)
    return quota_pb2.ReserveFailure(
        reason=fault.reason, message=fault.message, metadata=fault.metadata, retry_after=retry_after
    )


def refusal_message(refusal: Refusal) -> quota_pb2.Refusal:
    """A refusal on the wire."""
    return quota_pb2.Refusal(
        reason=refusal.reason, policy=refusal.policy, retry_time=timestamp(refusal.retry_time)
    )


def verdict_message(verdict: Verdict) -> quota_pb2.PolicyVerdict:
    """A verdict on the wire."""
    return quota_pb2.PolicyVerdict(
        policy=verdict.policy,
        limit=verdict.limit,
        used=verdict.used,
        held=verdict.held,
        reset_time=timestamp(verdict.reset_time),
        binding=verdict.binding,
        unit=_UNITS[verdict.unit],
        shadow=verdict.shadow,
    )


def ticket_message(ticket: Ticket) -> quota_pb2.Ticket:
    """A ticket on the wire."""
    return quota_pb2.Ticket(
        id=ticket.id,
        state=f"RESERVATION_STATE_{ticket.state}",
        place=ticket.place,
        cost_ahead=ticket.ahead.cost,
        work_ahead=ticket.ahead.work,
        eta_low=duration(ticket.wait.low) if ticket.wait else None,
        eta_high=duration(ticket.wait.high) if ticket.wait else None,
        place_reason=f"PLACE_REASON_{ticket.place_reason or _NONE}",
        turn=turn_message(ticket.turn) if ticket.turn else None,
        refund_reason=f"REFUND_REASON_{ticket.refund_reason or _NONE}",
    )


def turn_message(turn: Turn) -> quota_pb2.Turn:
    """A turn on the wire."""
    return quota_pb2.Turn(
        generator_address=turn.address,
        generator_id=turn.generator_id,
        attempt=turn.attempt,
        expire_time=timestamp(turn.expire_time),
    )


def line_class_message(view: ClassView) -> quota_pb2.LineClass:
    """A class of the line on the wire."""
    return quota_pb2.LineClass(
        model=view.model,
        tier=view.tier,
        waiting=view.waiting,
        waiting_cost=view.waiting_cost,
        waiting_work=view.waiting_work,
        limit=view.limit,
        wait=duration(view.wait.middle) if view.wait else None,
    )


def oven_message(oven: Oven) -> quota_pb2.Oven:
    """A generator on the wire."""
    return quota_pb2.Oven(generator_id=oven.generator_id, slots=oven.slots, leased=oven.leased, models=oven.models)


def level_message(level: Level) -> quota_pb2.SurgeLevel:
    """A surge level on the wire."""
    return _LEVELS[level]


def read_level(message: quota_pb2.SurgeLevel) -> Level:
    """A surge level from the wire. Raises Fault INVALID_ARGUMENT."""
    for level, value in _LEVELS.items():
        if value == message:
            return level
    raise invalid("level", f"must be one of {', '.join(Level)}")


def surge_message(state: SurgeState, backlog: float = 0.0) -> quota_pb2.Surge:
    """The surge level on the wire."""
    return quota_pb2.Surge(
        level=level_message(state.level),
        since=timestamp(state.since) if state.since else None,
        cause=state.cause,
        pinned=state.pinned,
        backlog_seconds=backlog,
    )


def key_message(key: Holder) -> admin_pb2.Key:
    """A key on the wire, without its secret, which nobody has."""
    return admin_pb2.Key(
        key_id=key.key_id, revoked=key.revoked, expire_time=timestamp(key.expires), scopes=key.scopes
    )


def audit_entry_message(entry: Entry) -> admin_pb2.AuditEntry:
    """A line of the audit log on the wire."""
    return admin_pb2.AuditEntry(
        id=entry.id,
        time=timestamp(entry.time),
        action=entry.action,
        subject=entry.subject,
        detail=entry.detail,
        reason=entry.reason,
    )
