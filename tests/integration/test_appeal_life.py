"""Appeals filed and decided in any order, in a real store, against a plain model of it."""

import asyncio

import redis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from services.moderator.appeals import Appeal, State, appeal_id
from services.moderator.verdict import Stage, decision_id
from services.runtime.errors import Fault, Reason
from tests.integration.appeal_replica import KEY, LIMITS, Replica


class Life(RuleBasedStateMachine):
    """Filing and deciding in any order against a plain model of it."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.model: dict[str, State] = {}
        self.owner: dict[str, str] = {}

    @initialize()
    def begin(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.flushall()
        self.replica = Replica(self.url)

    def teardown(self) -> None:
        if hasattr(self, "replica"):
            self.loop.run_until_complete(self.replica.link.close())
        self.loop.close()

    def run(self, call: object) -> object:
        try:
            return self.loop.run_until_complete(call)  # type: ignore[arg-type]
        except Fault as fault:
            return fault.reason

    @rule(number=st.integers(0, 12), account=st.sampled_from(["ada", "bob", "cid"]))
    def file(self, number: int, account: str) -> None:
        answer = self.run(self.replica.file(f"prompt {number}", account))
        made = decision_id(Stage.PROMPT, "job", account, "v", f"prompt {number}".encode(), key=KEY)
        name = appeal_id(made)
        if name in self.model:
            assert isinstance(answer, Appeal) and answer.state is self.model[name]
            return
        mine = [one for one, whose in self.owner.items() if whose == account]
        waiting = [one for one, state in self.model.items() if state is State.OPEN]
        full = (
            len([one for one in mine if one in waiting]) >= LIMITS.open_per_account
            or len(mine) >= LIMITS.filed_per_day
            or len(waiting) >= LIMITS.open_total
        )
        if full:
            assert answer is Reason.LIMIT_REACHED
        else:
            assert isinstance(answer, Appeal) and answer.state is State.OPEN
            self.model[name], self.owner[name] = State.OPEN, account

    @rule(data=st.data(), grant=st.booleans())
    def decide(self, data: st.DataObject, grant: bool) -> None:
        if not self.model:
            assert self.run(self.replica.office.decide("apl_nothing", grant, "why", "")) is Reason.NOT_FOUND
            return
        name = data.draw(st.sampled_from(sorted(self.model)))
        wanted = State.GRANTED if grant else State.DENIED
        held = [
            one
            for one, state in self.model.items()
            if state is State.GRANTED and self.owner[one] == self.owner[name]
        ]
        answer = self.run(self.replica.office.decide(name, grant, "why", ""))
        if self.model[name] is State.OPEN:
            if grant and len(held) >= LIMITS.granted_per_account:
                assert answer is Reason.LIMIT_REACHED
                return
            self.model[name] = wanted
        if self.model[name] is wanted:
            assert isinstance(answer, Appeal) and answer.state is wanted
        else:
            assert answer is Reason.WRONG_STATE

    @invariant()
    def holds(self) -> None:
        if not hasattr(self, "replica"):
            return
        granted = [one for one, state in self.model.items() if state is State.GRANTED]
        assert sorted(self.replica.given) == sorted(granted), "each credited once"
        ids = self.run(self.replica.ledger.exemplar_ids())
        assert ids == {"exm_" + one.removeprefix("apl_") for one in granted}
        waiting = self.run(self.replica.office.appeals(State.OPEN, 200, ""))
        assert isinstance(waiting, tuple)
        assert {one.id for one in waiting[0]} == {one for one, s in self.model.items() if s is State.OPEN}


def test_any_order_of_filing_and_deciding(valkey_url: str) -> None:
    Life.url = valkey_url
    few = settings(max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Life, settings=few)  # type: ignore[no-untyped-call]
