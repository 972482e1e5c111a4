"""The store in Redis (7 or newer) or Valkey: one Lua script a mutation, so that each is atomic, and one hash tag
over all keys, so that each stays in one slot of a cluster. `lua/desk.lua` lists every key and its meaning.

Nothing is kept here. Time is the server's own, read inside the scripts, so that replicas whose clocks differ
agree on leases and windows; a `clock` (Unix seconds) given by a test takes its place.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from services.quota.limits import Verdict, refusal
from services.quota.line import CATCH_UP, Size
from services.quota.policy import Policy
from services.quota.policy_text import ms
from services.quota.redis_office import PREFIX, RedisOffice, faultless, read_verdict
from services.quota.reservation import RefundReason, Reservation, State
from services.quota.store import (
    ATTENDANCE,
    BOOK_FIELDS,
    MOST_UNTRIED,
    Ask,
    Books,
    Decision,
    Grant,
    LineState,
    Report,
    Standing,
    Swept,
)
from services.quota.surge import Level
from services.quota.wait import ClassState, Oven
from services.runtime.batches import Batches
from services.runtime.pipelined import PipelinedLink

MOVES_PAGE = 1_000


class RedisStore(RedisOffice):
    """`Store` and `Office` over a `PipelinedLink`; see there for what each call promises."""

    def __init__(self, link: PipelinedLink, policy: Policy, *, clock: Callable[[], float] | None = None) -> None:
        super().__init__(link, policy, clock)
        self.use(policy)
        script = self._script
        self._reserve = script("reserve", limits=True)
        self._batches: Batches[tuple[Level, str], Sequence[str | int], Any] = Batches(self._reserve_all)
        self._allowance = script("allowance", limits=True)
        self._seat = script("seat")
        self._attend = script("attend", patient=True)
        self._enqueue = script("enqueue")
        self._return_turn = script("return_turn")
        self._release_slots = script("release_slots")
        self._extend = script("extend")
        self._commit = script("commit")
        self._refund = script("refund")
        self._standings = script("standings")
        self._line = script("line")
        self._heartbeat = script("heartbeat")
        self._grant = script("grant", patient=True)
        self._sweep = script("sweep", patient=True)
        self._recount = script("recount", patient=True)
        self._waiting = script("waiting")

    def use(self, policy: Policy) -> None:
        super().use(policy)
        self._keep_ms = ms(policy.keep_final)
        self._above = {name: self._tiers_above(name) for name in policy.tiers}
        self._shares = [arg for one in policy.tiers.values() for arg in (one.name, one.weight, one.overcommit)]

    async def reserve(self, ask: Ask) -> Decision:
        mode = "owed" if ask.owed else "trial" if ask.validate_only else ""
        waits = "".join(f" {tier}={ms(seconds)} " for tier, seconds in ask.waits.items())
        args: list[str | int] = [
            ask.id, ask.account_id, ask.cost, ask.work, ask.model, ms(ask.ttl), ask.request_id, ask.body_hash,
            mode, ask.tier, self._above.get(ask.tier, ""), waits,
        ]  # fmt: skip

        async def decided(zone: str) -> Any:
            return faultless(await self._batches.ask((ask.level, zone), args))

        outcome, reserved, verdicts = await self._in_zone(ask.account_id, decided)
        read = [read_verdict(row) for row in verdicts]
        return Decision(
            reservation=_reservation(reserved) if reserved else None,
            refusal=refusal(read, ask.cost, ask.work) if outcome == "refused" else None,
            verdicts=read,
            repeated=outcome == "repeated",
            level=ask.level,
        )

    async def _reserve_all(self, key: tuple[Level, str], asks: Sequence[Sequence[str | int]]) -> Sequence[Any]:
        """Asks of accounts that are taken to be in one time zone, at one level."""
        policy = self._policy_args(*key)
        fields = [field for ask in asks for field in ask]
        keep, default, tiers = ms(self._policy.keep_request), self._policy.default_tier, len(policy) // 2
        replies: Sequence[Any] = await self._run(self._reserve, keep, default, key[1], tiers, *policy, *fields)
        return replies

    def _tiers_above(self, tier: str) -> str:
        """The tiers whose accounts may be judged by this one, for `tier_of` in `limits.lua`."""
        weights = self._policy.weights
        return "".join(f" {name} " for name, weight in weights.items() if weight >= weights.get(tier, weight + 1))

    async def adopt(self, ask: Ask, generator_id: str, address: str) -> Reservation:
        # Two scripts, each idempotent: what is held and not yet seated is seated when it is asked again.
        await self.reserve(replace(ask, owed=True))
        lease = ms(self._policy.lease)
        return _reservation(await self._run(self._seat, ask.id, generator_id, address, lease))

    async def attend(self, replica_id: str) -> int:
        return int(await self._run(self._attend, replica_id, ms(ATTENDANCE)))

    async def enqueue(self, id: str, ttl: float) -> Standing:
        return _standing(await self._run(self._enqueue, id, ms(ttl)))

    async def return_turn(self, id: str, attempt: int, ttl: float, *, untried: bool = False) -> Reservation:
        args: list[str | int] = [
            id,
            attempt,
            ms(ttl),
            self._policy.max_attempts,
            self._keep_ms,
            MOST_UNTRIED if untried else 0,
        ]
        return _reservation(await self._run(self._return_turn, *args))

    async def release_slots(self, id: str, attempt: int) -> None:
        await self._run(self._release_slots, id, attempt)

    async def extend(self, ids: Sequence[str], ttl: float) -> list[str]:
        return list(await self._run(self._extend, ms(ttl), *ids))

    async def commit(self, id: str, actual: int) -> Reservation:
        return _reservation(await self._run(self._commit, id, actual, self._keep_ms))

    async def refund(self, id: str, reason: RefundReason) -> Reservation:
        return _reservation(await self._run(self._refund, id, reason, self._keep_ms))

    async def standings(self, ids: Sequence[str]) -> dict[str, Standing]:
        found = [_standing(row) for row in await self._run(self._standings, *ids)]
        return {standing.reservation.id: standing for standing in found}

    async def allowance(self, account_id: str, level: Level, tier: str = "") -> tuple[str, Sequence[Verdict]]:
        args = [account_id, tier, self._above.get(tier, ""), self._policy.default_tier]
        judge, verdicts = await self._zoned(self._allowance, account_id, args, level)
        return judge, [read_verdict(row) for row in verdicts]

    async def waiting(self, model: str, tier: str, limit: int) -> list[str]:
        return list(await self._run(self._waiting, model, tier, limit))

    async def line(self) -> LineState:
        classes, ovens = await self._run(self._line, ms(self._policy.silence))
        return LineState(
            sorted(
                (ClassState(model, tier, *map(int, numbers)) for model, tier, *numbers in classes),
                key=lambda one: (one.model, one.tier),
            ),
            sorted((_oven(row) for row in ovens), key=lambda oven: oven.generator_id),
        )

    async def heartbeat(self, report: Report) -> None:
        picture_us = "" if report.picture_time is None else round(report.picture_time * 1e6)
        models = " ".join(report.models)
        await self._run(self._heartbeat, report.generator_id, report.address, models, report.slots, picture_us)

    async def grant(self, limit: int) -> list[Grant]:
        policy = self._policy
        rows = await self._run(self._grant, limit, ms(policy.silence), ms(policy.lease), CATCH_UP, *self._shares)
        return [Grant(id, model, tier, int(cost), generator) for id, model, tier, cost, generator in rows]

    async def sweep(self, limit: int) -> Swept:
        policy = self._policy
        counts = await self._run(self._sweep, limit, ms(policy.lease), policy.max_attempts, self._keep_ms)
        return Swept(*(int(count) for count in counts))

    async def moves_since(self, cursor: str) -> tuple[str, list[str]]:
        key = PREFIX + "moves"
        if not cursor:
            last = await self._link.patient.call("XREVRANGE", key, "+", "-", "COUNT", 1)
            return (last[0][0] if last else "0-0"), []
        entries = await self._link.patient.call("XRANGE", key, f"({cursor}", "+", "COUNT", MOVES_PAGE)
        return (entries[-1][0] if entries else cursor), [id for _, (_, id) in entries]

    async def books(self) -> Books:
        values = await self._link.patient.call("HMGET", PREFIX + "books", *BOOK_FIELDS)
        return Books(*(int(value or 0) for value in values))

    async def discrepancies(self) -> list[str]:
        return list(await self._run(self._recount))


def _reservation(row: Sequence[str]) -> Reservation:
    id, account, tier, model, cost, state, expire, charged, reason, attempts, generator, address, work, late = row
    return Reservation(
        id=id,
        account_id=account,
        tier=tier,
        model=model,
        cost=int(cost),
        state=State(state),
        expire_time=int(expire) / 1000,
        charged=int(charged),
        refund_reason=RefundReason(reason) if reason else None,
        attempts=int(attempts),
        generator_id=generator,
        address=address,
        work=int(work),
        late=late == "1",
    )


def _standing(row: Sequence[Any]) -> Standing:
    reserved, place, cost, work, returned = row
    return Standing(_reservation(reserved), int(place), Size(int(cost), int(work)), int(returned))


def _oven(row: Sequence[str]) -> Oven:
    id, address, models, slots, leased, picture_us, work = row
    seconds = int(picture_us) / 1e6 if picture_us else None
    return Oven(id, address, tuple(models.split()), int(slots), int(leased), seconds, int(work))
