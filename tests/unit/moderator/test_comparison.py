"""Counts of what a candidate would have done: right over many prompts, from many threads, and told once."""

import threading
from collections import Counter
from typing import Any, cast

import pytest

from services.moderator.comparison import Comparison, Tally
from services.moderator.verdict import Stage
from services.runtime.redis_link import RedisLink


def test_a_tally_adds_up() -> None:
    counts = {("", ""): 90, ("", "ip"): 5, ("hate", ""): 2, ("hate", "hate"): 2, ("hate", "ip"): 1}
    tally = Tally(counts)
    assert (tally.judged, tally.would_have_refused, tally.would_have_allowed) == (100, 5, 2)
    assert tally.by_category() == {"hate": (2, 3, 0), "ip": (0, 0, 6)}


async def test_ten_thousand_notes_from_many_threads_are_all_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    comparison = Comparison(cast(RedisLink, None))
    told: Counter[str] = Counter()

    async def add(stage: Stage, pair: Any, counts: Counter[str]) -> None:
        told.update({f"{stage} {pair[0]}>{pair[1]}:{key}": n for key, n in counts.items()})

    monkeypatch.setattr(comparison, "_add", add)

    def count(start: int) -> None:
        for n in range(start, start + 2_500):
            comparison.note(Stage.PROMPT, ("a", "b"), "hate" if n % 10 == 0 else "", "hate" if n % 4 == 0 else "")
            if n % 5 == 0:
                comparison.note(Stage.IMAGE, ("a", "b"), "", "sexual")

    threads = [threading.Thread(target=count, args=(2_500 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    await comparison.tell()
    for thread in threads:
        thread.join()
    await comparison.tell()
    await comparison.tell()
    of_prompts = {"|": 7_000, "|hate": 2_000, "hate|": 500, "hate|hate": 500}
    assert told == {f"prompt a>b:{key}": n for key, n in of_prompts.items()} | {"image a>b:|sexual": 2_000}
