"""Batches hold every example once a pass, and twins side by side."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from models.moderation.batches import BATCH, batched, mates
from models.moderation.example import Example


def _example(category: str, twin: str = "") -> Example:
    return Example("a prompt", category, "en", "twins", "twins_en", twin=twin)


def test_a_harmful_twin_knows_the_row_of_its_harmless_one() -> None:
    rows = [
        _example("none", "en one"), _example("hate"), _example("violence", "en one"), _example("none"),
        _example("ip", "fr one"), _example("none", "fr one"), _example("ip", "en alone"),
    ]  # fmt: skip
    assert mates(rows) == {2: 0, 4: 5}


@settings(deadline=None)
@given(st.integers(0, 300), st.integers(0, 99))
def test_a_pass_has_each_row_once_and_twins_side_by_side(count: int, seed: int) -> None:
    rng = random.Random(seed)
    rows = rng.sample(range(count), count)
    mate = dict(zip(rows[: count // 3], rows[count // 3 : 2 * (count // 3)], strict=True))
    batches = batched([rng.randrange(3, 64) for _ in range(count)], mate, 1.0, seed)
    assert sorted(row for batch in batches for row in batch) == list(range(count))
    for batch in batches:
        assert len(batch) <= BATCH + 1
        for at, row in enumerate(batch):
            if row in mate:
                assert batch[at + 1] == mate[row]


def test_the_last_pass_may_be_partial() -> None:
    assert sum(map(len, batched([5] * 1000, {}, 1.5, 1))) == 1500


def test_lengths_are_about_equal_within_a_batch() -> None:
    lengths = [random.Random(1).randrange(3, 64) for _ in range(1024)]
    batches = batched(lengths, {}, 1.0, 1)
    spread = [max(lengths[r] for r in batch) - min(lengths[r] for r in batch) for batch in batches]
    assert sum(spread) / len(spread) < 10
