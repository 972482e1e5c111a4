"""A candidate beside the live rules: who is judged by which, and how it becomes the live one and back."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.moderator.policies import LARGEST_CANDIDATE, MOST_HISTORY, Policies, PolicyState, in_share
from services.moderator.policy import Policy
from services.moderator.rules import RuleBook
from services.moderator.rules_file import parse_rules
from services.runtime.errors import Fault, Reason

CALIBRATED = Policy("m", {"violence": 0.5}, 0.4, {})


def read(text: str) -> RuleBook:
    return RuleBook(parse_rules(text, CALIBRATED.prompt, ()), CALIBRATED, text)


def policies() -> Policies:
    return Policies(read('name = "file"'), read)


@given(st.text(max_size=20), st.integers(0, 100), st.integers(0, 100))
def test_a_larger_share_holds_every_account_of_a_smaller(account: str, one: int, other: int) -> None:
    small, large = sorted((one, other))
    assert in_share(account, "v", small) <= in_share(account, "v", large)
    assert not in_share(account, "v", 0) and in_share(account, "v", 100)


def test_a_share_is_about_that_many_accounts() -> None:
    assert 900 < sum(in_share(f"account-{n}", "v", 10) for n in range(10_000)) < 1_100


def test_a_candidate_is_counted_or_decides() -> None:
    here = policies()
    assert here.choose("ada").counted is None
    here.use(PolicyState().tried('name = "next"', 0))
    choice = here.choose("ada")
    assert choice.deciding.rules.name == "file" and choice.counted is not None and not choice.canary
    here.use(here.state.tried("", 100))
    choice = here.choose("ada")
    assert (choice.deciding.rules.name, choice.canary) == ("next", True)
    here.use(here.state.promoted())
    assert here.live.rules.name == "next" and here.candidate is None
    here.use_file(read('name = "changed"'))
    assert here.live.rules.name == "next", "what was promoted goes before the file"
    here.use(here.state.rolled_back())
    assert here.live.rules.name == "changed"


def test_rules_that_cannot_be_read_are_not_taken() -> None:
    here = policies()
    here.use(PolicyState(live="nonsense ="))
    assert here.live.rules.name == "file" and here.state == PolicyState()


@pytest.mark.parametrize(
    ("move", "reason"),
    [
        (lambda: PolicyState().promoted(), Reason.WRONG_STATE),
        (lambda: PolicyState().rolled_back(), Reason.WRONG_STATE),
        (lambda: PolicyState().tried("", 10), Reason.INVALID_ARGUMENT),
        (lambda: PolicyState().tried("x", 101), Reason.INVALID_ARGUMENT),
        (lambda: PolicyState().tried("x" * (LARGEST_CANDIDATE + 1), 1), Reason.INVALID_ARGUMENT),
    ],
)
def test_moves_that_cannot_be_made(move: object, reason: Reason) -> None:
    with pytest.raises(Fault) as caught:
        move()  # type: ignore[operator]
    assert caught.value.reason is reason


class Moves(RuleBasedStateMachine):
    """Tries, promotions and steps back in any order, against a plain list of what lived."""

    def __init__(self) -> None:
        super().__init__()
        self.state = PolicyState()
        self.lived = [""]
        self.candidate: str | None = None

    @rule(text=st.sampled_from(["a", "b", "c"]), share=st.integers(0, 100))
    def try_one(self, text: str, share: int) -> None:
        self.state, self.candidate = self.state.tried(text, share), text

    @rule()
    def promote(self) -> None:
        if self.candidate is None:
            with pytest.raises(Fault):
                self.state.promoted()
            return
        self.lived = [*self.lived[-MOST_HISTORY:], self.candidate]
        self.state, self.candidate = self.state.promoted(), None

    @rule()
    def roll_back(self) -> None:
        if self.candidate is not None:
            self.state, self.candidate = self.state.rolled_back(), None
        elif len(self.lived) > 1:
            self.lived.pop()
            self.state = self.state.rolled_back()

    @invariant()
    def holds(self) -> None:
        assert self.state.live == self.lived[-1]
        assert self.state.candidate == self.candidate
        assert list(self.state.history) == self.lived[:-1]
        assert PolicyState.unpack(self.state.pack()) == self.state


TestMoves = Moves.TestCase
TestMoves.settings = settings(max_examples=50, deadline=None)


def test_choosing_costs_microseconds() -> None:
    here = policies()
    here.use(PolicyState().tried('name = "next"', 50))
    started = time.process_time()
    for n in range(10_000):
        here.choose(f"account-{n}").deciding.policy("free")
    assert time.process_time() - started < 1.0
