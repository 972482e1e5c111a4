"""The moderation surface: OpenAI's form in and out, how fast it may be asked, and who may ask."""

import asyncio
import base64
from collections.abc import Sequence
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.edge.diary import RedisDiary
from services.edge.job import Account
from services.edge.moderation_counter import BURST, MOST_INPUTS, ModerationCounter
from services.edge.moderation_rest import NAMES, read_input, result
from services.edge.pace import Pace
from services.edge.peers import Taster, Verdict
from services.runtime.categories import CATEGORIES
from services.runtime.errors import Fault, Reason
from services.runtime.openai_moderation import OURS

PNG = b"\x89PNG picture"
URL = "data:image/png;base64," + base64.b64encode(PNG).decode()


def verdict(category: str = "", stage: str = "prompt", **scores: float) -> Verdict:
    beyond = [category] if category else []
    score = max(scores.values(), default=0.0)
    return Verdict(not category, "dec_1", stage, category, [], score, "v", scores=scores, beyond=beyond)


def test_inputs_in_all_of_openais_forms() -> None:
    assert read_input("a crab") == [["a crab"]]
    assert read_input(["a crab", "a boat"]) == [["a crab"], ["a boat"]]
    parts = [{"type": "text", "text": "a crab"}, {"type": "image_url", "image_url": {"url": URL}}]
    assert read_input(parts) == [["a crab", PNG]]


@pytest.mark.parametrize(
    "wrong",
    [
        None, 3, {}, [], "", " ", ["a", 3], ["a", ""], [[1]], ["x"] * (MOST_INPUTS + 1), "x" * 32_001, "\ud800",
        "bell \x07", [{"type": "text"}], [{"type": "sound"}], [{"type": "image_url", "image_url": "http://x/y.png"}],
        [{"type": "image_url", "image_url": {"url": "data:text/html;base64,AAAA"}}],
        [{"type": "image_url", "image_url": {"url": "data:image/png;base64,é"}}], ["\u0301" * 1_000_000],
    ],
)  # fmt: skip
def test_an_input_that_is_wrong_is_named(wrong: object) -> None:
    with pytest.raises(Fault) as caught:
        read_input(wrong)
    assert caught.value.reason is Reason.INVALID_ARGUMENT and caught.value.metadata["field"] == "input"


def test_every_category_of_theirs_and_ours_has_a_name() -> None:
    assert len(OURS) == 13 and set(OURS.values()) <= set(CATEGORIES)
    assert set(NAMES.values()) == set(CATEGORIES)


def test_a_result_holds_categories_scores_and_what_they_were_applied_to() -> None:
    text, picture = verdict("hate", hate=0.9, ip=0.1), verdict(stage="image", sexual=0.2)
    made = result([text, picture], [True, False])
    assert made["flagged"] and made["categories"]["hate"] and made["categories"]["hate/threatening"]
    assert not made["categories"]["violence"] and not made["categories"]["ip"]
    assert (made["category_scores"]["hate"], made["category_scores"]["sexual"]) == (0.9, 0.2)
    assert made["category_applied_input_types"]["sexual"] == ["text", "image"]
    assert made["category_applied_input_types"]["hate"] == ["text"]
    assert set(made["categories"]) == set(made["category_scores"]) == set(made["category_applied_input_types"])
    alone = result([picture], [False])
    assert not alone["flagged"] and alone["category_applied_input_types"]["violence"] == []


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@given(st.lists(st.tuples(st.floats(0, 3), st.integers(1, 10)), max_size=60))
def test_a_pace_lets_no_more_through_than_its_burst_and_rate(askings: list[tuple[float, int]]) -> None:
    clock, let = Clock(), list[tuple[float, int]]()
    pace = Pace(5.0, 10, clock)
    for wait, count in askings:
        clock.now += wait
        try:
            pace.take("ada", count)
            let.append((clock.now, count))
        except Fault as fault:
            assert fault.reason is Reason.ASKED_TOO_FAST
            clock.now += fault.retry_after or 0.0
            pace.take("ada", count)
            let.append((clock.now, count))
    for start in range(len(let)):
        for end in range(start, len(let)):
            counted = sum(count for _, count in let[start : end + 1])
            assert counted <= 10 + 5.0 * (let[end][0] - let[start][0]) + 1e-6


class Calm:
    """Lets everything pass and counts how many look at once."""

    def __init__(self) -> None:
        self.now = self.most = 0

    async def look_at(self, account: Account, what: str | bytes, moderation: str) -> Verdict:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0)
        self.now -= 1
        return verdict(hate=len(what) / 1000)


async def look(scopes: Sequence[str], inputs: Any, taster: Any = None) -> Any:
    counter = ModerationCounter(cast(Taster, taster or Calm()), cast(RedisDiary, None))
    return await counter.look(Account("ada", "free", "k", scopes), inputs, "auto")


async def test_verdicts_come_back_in_order_and_few_at_a_time() -> None:
    taster = Calm()
    found = await look((), [["a" * n] for n in range(1, 31)], taster)
    assert [round(one.scores["hate"] * 1000) for (one,) in found] == list(range(1, 31))
    assert taster.most <= 4


async def test_either_scope_will_do_and_a_burst_has_an_end() -> None:
    for scopes in (("read",), ("draw",), ()):
        assert await look(scopes, [["a"]])
    with pytest.raises(Fault) as caught:
        await look((), [["a"]] * (BURST + 1))
    assert caught.value.reason is Reason.ASKED_TOO_FAST
