"""What the edge knows of accounts, line and refusals, as the messages of `edge.proto`."""

from fournil.edge.v1 import edge_pb2
from services.edge.job import Account
from services.edge.peers import Allowance, Appeal, Decision, Limit, LineState
from services.runtime.wire_time import duration, timestamp


def allowance_message(account: Account, allowance: Allowance) -> edge_pb2.GetAllowanceResponse:
    """What an account has left."""
    daily, live = allowance.main, allowance.live
    return edge_pb2.GetAllowanceResponse(
        account_id=account.account_id,
        tier=allowance.tier,
        limit=daily.limit,
        used=daily.used,
        held=daily.held,
        reset_time=timestamp(daily.reset),
        live_limit=live.limit,
        live=live.held,
        level=allowance.level,
        limits=[_limit(one) for one in allowance.limits],
    )


def queue_message(line: LineState) -> edge_pb2.GetQueueResponse:
    """The public state of the line."""
    classes = [
        edge_pb2.QueueClass(model=entry.model, tier=entry.tier, waiting=entry.waiting, wait=duration(entry.wait))
        for entry in line.classes
    ]
    surge = edge_pb2.Surge(
        level=line.surge.level,
        since=timestamp(line.surge.since),
        cause=line.surge.cause,
        pinned=line.surge.pinned,
        backlog=duration(line.surge.backlog),
    )
    return edge_pb2.GetQueueResponse(
        classes=classes, ovens=line.ovens, slots=line.slots, baking=line.baking, surge=surge
    )


def decision_message(decision: Decision) -> edge_pb2.Decision:
    """A refusal on record."""
    verdict = decision.verdict
    return edge_pb2.Decision(
        id=verdict.decision_id,
        job_id=decision.job_id,
        stage=verdict.stage,
        category=verdict.category,
        score=verdict.score,
        policy_version=verdict.policy_version,
        text=verdict.text,
        appealable=verdict.appealable,
        create_time=timestamp(decision.created),
        expire_time=timestamp(verdict.expires),
    )


def appeal_message(appeal: Appeal) -> edge_pb2.Appeal:
    """A refusal that its owner questions."""
    return edge_pb2.Appeal(
        id=appeal.id,
        decision_id=appeal.decision_id,
        state=appeal.state,
        stage=appeal.stage,
        category=appeal.category,
        score=appeal.score,
        policy_version=appeal.policy_version,
        prompt=appeal.prompt,
        note=appeal.note,
        create_time=timestamp(appeal.created),
        decide_time=timestamp(appeal.decided),
        notice=appeal.notice,
        credited=appeal.credited,
    )


def _limit(one: Limit) -> edge_pb2.Limit:
    return edge_pb2.Limit(
        policy=one.policy,
        limit=one.limit,
        used=one.used,
        held=one.held,
        reset_time=timestamp(one.reset),
        unit=one.unit,
    )
