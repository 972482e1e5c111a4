"""The invariants of the desk under any order of calls, on both stores at once.

The memory store runs alone for breadth, then beside a real Valkey, where each call must also give the very same
answer on both: the scripts and the Python cores are one arithmetic.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from services.quota.memory_store import MemoryStore
from services.quota.office import Holder
from services.quota.redis_office import TAG
from services.quota.redis_store import RedisStore
from services.quota.reservation import RefundReason, State
from services.quota.store import Ask, Report
from services.quota.surge import Level
from services.runtime.errors import Fault
from services.runtime.pipelined import PipelinedLink
from tests.contract.quota_stores import POLICY, Clock, Store, job_id

ACCOUNTS = {"ada": "free", "bob": "free", "pia": "paid", "quin": "paid", "gil": "gold"}
OVENS = {"oven-1": ("crumb",), "oven-2": ("crumb", "brioche")}


@dataclass
class Waiting:
    """What was last seen of a waiting ticket."""

    place: int
    returned: int


@dataclass
class Seen:
    """What a caller remembers between calls."""

    ids: list[str] = field(default_factory=list)
    ends: dict[str, tuple[State, int]] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)
    waiting: dict[str, Waiting] = field(default_factory=dict)
    owed: set[str] = field(default_factory=set)
    """Accounts that were granted something while the store was away."""


class DeskMachine(RuleBasedStateMachine):
    """Calls on every store of `make_stores`, in any order and with any repetition."""

    make_stores: Callable[[Clock], tuple[list[Store], Callable[[], Awaitable[None]]]]

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.clock = Clock()
        self.stores, self.close = type(self).make_stores(self.clock)
        self.seen = Seen()

    def teardown(self) -> None:
        self.loop.run_until_complete(self.close())
        self.loop.close()

    def call(self, name: str, *args: object, **named: object) -> Any:
        """The answer of every store, which must be the same; a Fault's reason is an answer."""

        async def one(store: Store) -> object:
            try:
                return await getattr(store, name)(*args, **named)
            except Fault as fault:
                return fault.reason

        answers = [self.loop.run_until_complete(one(store)) for store in self.stores]
        assert all(answer == answers[0] for answer in answers), (name, args, answers)
        return answers[0]

    def some_id(self, pick: int, *states: State) -> str:
        """One of the jobs so far in one of `states`; where none is, any job, or one that never was."""
        wanted = [id for id in self.seen.ids if self.seen.states.get(id) in states]
        ids = wanted or [*self.seen.ids, job_id(999)]
        return ids[pick % len(ids)]

    @initialize()
    def open_the_shop(self) -> None:
        for name, tier in ACCOUNTS.items():
            self.call("create_key", f"digest-{name}", Holder(name, tier, f"key_{name}", False), "a test")
        for name, models in OVENS.items():
            self.call("heartbeat", Report(name, f"{name}:50053", models, 2, 0.5))
        for account in ("pia", "quin", "pia", "ada", "bob"):
            self.reserve(
                account=account,
                cost=1,
                effort=1000,
                model="crumb",
                request="",
                trial=False,
                ttl=60.0,
                enqueue=True,
            )

    @rule(
        account=st.sampled_from(sorted(ACCOUNTS)),
        cost=st.sampled_from([1, 1, 2, 4]),
        effort=st.sampled_from([1000, 1000, 250, 1501]),
        model=st.sampled_from(["crumb", "crumb", "brioche"]),
        request=st.sampled_from([""] * 6 + ["order-1", "order-2"]),
        trial=st.sampled_from([False] * 7 + [True]),
        ttl=st.sampled_from([5.0, 60.0, 600.0]),
        enqueue=st.sampled_from([True, True, False]),
    )
    def reserve(
        self,
        *,
        account: str,
        cost: int,
        effort: int,
        model: str,
        request: str,
        trial: bool,
        ttl: float,
        enqueue: bool,
    ) -> None:
        id = job_id(len(self.seen.ids))
        before = self.call("books")
        decision = self.call(
            "reserve", Ask(id, account, cost, model, ttl, cost * effort, request, str(cost), trial)
        )
        issued = self.call("books").issued - before.issued
        if isinstance(decision, str) or decision.reservation is None or decision.repeated:
            assert issued == 0
            return
        assert issued == 1 and not trial
        self.seen.ids.append(id)
        if enqueue:
            self.call("enqueue", id, 60.0)

    @precondition(lambda self: self.seen.ids)
    @rule(pick=st.integers(0, 50), account=st.sampled_from(sorted(ACCOUNTS)), cost=st.integers(1, 4))
    def reserve_again(self, pick: int, account: str, cost: int) -> None:
        before = self.call("books")
        self.call(
            "reserve", Ask(self.seen.ids[pick % len(self.seen.ids)], account, cost, "crumb", 60.0, 1000 * cost)
        )
        assert self.call("books") == before

    @rule(
        account=st.sampled_from(sorted(ACCOUNTS)),
        cost=st.integers(1, 4),
        pick=st.integers(0, 50),
        again=st.booleans(),
        oven=st.sampled_from([*sorted(OVENS), "oven-gone"]),
    )
    def adopt(self, *, account: str, cost: int, pick: int, again: bool, oven: str) -> None:
        """What was granted while the store was away; some of it again, or as another's."""
        id = self.some_id(pick) if again else job_id(len(self.seen.ids))
        before = self.call("books").issued
        adopted = self.call("adopt", Ask(id, account, cost, "crumb", 60.0, 1000 * cost), oven, f"{oven}:50053")
        issued = self.call("books").issued - before
        assert issued == (0 if isinstance(adopted, str) or id in self.seen.ids else 1)
        if issued:
            assert adopted.state is State.RUNNING
            self.seen.ids.append(id)
            self.seen.owed.add(account)

    @precondition(lambda self: self.seen.ids)
    @rule(pick=st.integers(0, 50))
    def enqueue(self, pick: int) -> None:
        self.call("enqueue", self.some_id(pick), 60.0)

    @rule(name=st.sampled_from(sorted(OVENS)), slots=st.sampled_from([0, 1, 2, 4, 6]), grant=st.booleans())
    def heartbeat(self, name: str, slots: int, grant: bool) -> None:
        self.call("heartbeat", Report(name, f"{name}:50053", OVENS[name], slots, 0.5))
        if grant:
            self.grant(100)

    @rule(limit=st.sampled_from([1, 100]))
    def grant(self, limit: int) -> None:
        granted = self.call("grant", limit)
        if limit == 100:
            assert self.call("grant", limit) == [], "a slot was left idle while eligible work waited"
        assert all(grant.model in OVENS[grant.generator_id] for grant in granted)

    @precondition(lambda self: self.seen.ids)
    @rule(pick=st.integers(0, 50), attempt=st.integers(1, 3), untried=st.booleans())
    def return_turn(self, pick: int, attempt: int, untried: bool) -> None:
        self.call("return_turn", self.some_id(pick, State.RUNNING), attempt, 60.0, untried=untried)

    @precondition(lambda self: self.seen.ids)
    @rule(pick=st.integers(0, 50), attempt=st.integers(1, 3))
    def release_slots(self, pick: int, attempt: int) -> None:
        self.call("release_slots", self.some_id(pick, State.RUNNING), attempt)

    @precondition(lambda self: self.seen.ids)
    @rule(picks=st.lists(st.integers(0, 50), min_size=1, max_size=5), ttl=st.sampled_from([5.0, 60.0]))
    def extend(self, picks: list[int], ttl: float) -> None:
        self.call("extend", [self.some_id(pick) for pick in picks], ttl)

    @precondition(lambda self: self.seen.ids)
    @rule(pick=st.integers(0, 50), actual=st.sampled_from([1, 1, 2, 3, 5]), running=st.booleans())
    def commit(self, pick: int, actual: int, running: bool) -> None:
        self.call("commit", self.some_id(pick, *[State.RUNNING] * running), actual)

    @precondition(lambda self: self.seen.ids)
    @rule(pick=st.integers(0, 50), reason=st.sampled_from(sorted(RefundReason)))
    def refund(self, pick: int, reason: RefundReason) -> None:
        self.call("refund", self.some_id(pick), reason)

    @rule(
        pick=st.integers(0, 50),
        name=st.sampled_from(sorted(OVENS)),
        end=st.sampled_from(["commit", "commit", "refund", "return", "lapse"]),
        rounds=st.integers(1, 3),
    )
    def bake(self, pick: int, name: str, end: str, rounds: int) -> None:
        """The usual way of a turn, to one of its ends: turns are given out and one of them ends."""
        for _ in range(rounds):
            self.heartbeat(name, 6, True)
            running = [
                one.reservation
                for one in self.call("standings", self.seen.ids).values()
                if one.reservation.state is State.RUNNING
            ]
            if not running:
                return
            turn = running[pick % len(running)]
            if end == "commit":
                self.call("commit", turn.id, min(turn.cost, rounds))
            elif end == "refund":
                self.call("refund", turn.id, RefundReason.IMAGE_REFUSED)
            elif end == "return":
                self.call("return_turn", turn.id, turn.attempts, 60.0)
            else:
                self.clock.now = max(self.clock.now, turn.expire_time)
                self.call("sweep", 100)

    @rule(account=st.sampled_from(sorted(ACCOUNTS)), policy=st.sampled_from(["daily", "day", "sliding", "none"]))
    def credit(self, account: str, policy: str) -> None:
        self.call("credit", account, policy, 1, "a test")

    @rule(account=st.sampled_from(sorted(ACCOUNTS)))
    def reset(self, account: str) -> None:
        self.call("reset", account, "a test")

    @rule(
        account=st.sampled_from(sorted(ACCOUNTS)),
        changes=st.sampled_from([{"banned": "spam"}, {"banned": ""}, {"zone": "Asia/Tokyo"}, {"zone": ""}]),
    )
    def set_account(self, account: str, changes: dict[str, str]) -> None:
        self.call("set_account", account, changes, "a test")

    @rule(limit=st.sampled_from([1, 100]))
    def sweep(self, limit: int) -> None:
        self.call("sweep", limit)

    @rule(seconds=st.sampled_from([0.25, 2.5, 5.0, 31.0, 61.0, 1_800.0]), alive=st.booleans(), sweep=st.booleans())
    def wait(self, seconds: float, alive: bool, sweep: bool) -> None:
        if alive and self.seen.ids:
            waiting = (State.HELD, State.QUEUED)
            self.call("extend", [id for id in self.seen.ids if self.seen.states.get(id) in waiting], seconds + 5)
        self.clock.now += seconds
        if sweep:
            self.call("sweep", 100)

    @invariant()
    def every_counter_is_what_a_recount_says(self) -> None:
        assert self.call("discrepancies") == []
        assert self.call("books").balanced

    @invariant()
    def no_limit_is_ever_passed(self) -> None:
        for account in ACCOUNTS:
            allowance = self.call("allowance", account, Level.NORMAL)
            if isinstance(allowance, str):
                return  # before the accounts are made
            for verdict in allowance[1]:
                within = verdict.used + verdict.held <= verdict.limit
                assert verdict.shadow or within or account in self.seen.owed, verdict
                assert verdict.used >= 0 and verdict.held >= 0

    @invariant()
    @precondition(lambda self: self.seen.ids)
    def ends_are_final_and_places_rise_only_with_a_reason(self) -> None:
        standings = self.call("standings", self.seen.ids)
        waiting: dict[str, Waiting] = {}
        for id, standing in standings.items():
            reservation = standing.reservation
            self.seen.states[id] = reservation.state
            if reservation.state.final:
                end = (reservation.state, reservation.charged)
                assert self.seen.ends.setdefault(id, end) == end
            if reservation.state is State.QUEUED:
                waiting[id] = Waiting(standing.place, standing.returned)
        # By fair sharing a ticket may be put in front only when it joins.
        joined = waiting.keys() - self.seen.waiting.keys()
        # And when another ticket of its account, that stood before it, has left unserved.
        left = any(self.seen.states[id] is State.REFUNDED for id in self.seen.waiting.keys() - waiting.keys())
        for id in waiting.keys() & self.seen.waiting.keys():
            before, now = self.seen.waiting[id], waiting[id]
            assert now.place <= before.place or now.returned > before.returned or joined or left, (id, before, now)
        self.seen.waiting = waiting
        charged = sum(charged for _, charged in self.seen.ends.values())
        assert self.call("books").committed_pictures == charged


def run(
    machine: type[DeskMachine],
    examples: int,
    steps: int,
    phases: tuple[Phase, ...] = (Phase.generate, Phase.shrink),
) -> None:
    """The same examples every time."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            phases=phases,
            suppress_health_check=list(HealthCheck),
        ),
    )


async def _nothing() -> None:
    pass


def test_the_invariants_hold_in_memory() -> None:
    class InMemory(DeskMachine):
        @staticmethod
        def make_stores(clock: Clock) -> tuple[list[Store], Callable[[], Awaitable[None]]]:
            return [MemoryStore(POLICY, clock)], _nothing

    run(InMemory, examples=100, steps=50)


def test_both_stores_give_the_same_answers(valkey_url: str) -> None:
    class SideBySide(DeskMachine):
        @staticmethod
        def make_stores(clock: Clock) -> tuple[list[Store], Callable[[], Awaitable[None]]]:
            with redis.Redis.from_url(valkey_url) as client:
                client.flushall()
            link = PipelinedLink(valkey_url, tag=TAG, budget=2.0)
            return [MemoryStore(POLICY, clock), RedisStore(link, POLICY, clock=clock)], link.close

    run(SideBySide, examples=30, steps=50, phases=(Phase.generate,))


def test_the_machine_notices_a_broken_store() -> None:
    class Forgetful(MemoryStore):
        """Gives nothing back."""

        async def refund(self, id: str, reason: RefundReason) -> Any:
            refunded = await super().refund(id, reason)
            self._books["live"] += refunded.state is State.REFUNDED
            return refunded

    class Broken(DeskMachine):
        @staticmethod
        def make_stores(clock: Clock) -> tuple[list[Store], Callable[[], Awaitable[None]]]:
            return [Forgetful(POLICY, clock)], _nothing

    with pytest.raises(AssertionError):
        run(Broken, examples=50, steps=30, phases=(Phase.generate,))
