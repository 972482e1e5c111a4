"""Counts of what a candidate would have done: right over many prompts, from many threads, and told once."""

import threading
from collections import Counter
from typing import Any, cast

import pytest

from services.moderator.comparison import Comparison, Tally
from services.runtime.redis_link import RedisLink


def test_a_tally_adds_up() -> None:
    counts = {("", ""): 90, ("", "ip"): 5, ("hate", ""): 2, ("hate", "hate"): 2, ("hate", "ip"): 1}
    tally = Tally(counts)
    assert (tally.prompts, tally.would_have_refused, tally.would_have_allowed) == (100, 5, 2)
    assert tally.by_category() == {"hate": (2, 3, 0), "ip": (0, 0, 6)}


async def test_ten_thousand_notes_from_many_threads_are_all_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    comparison = Comparison(cast(RedisLink, None))
    told: Counter[str] = Counter()

    async def add(pair: Any, counts: Counter[str]) -> None:
        told.update({f"{pair[0]}>{pair[1]}:{key}": n for key, n in counts.items()})

    monkeypatch.setattr(comparison, "_add", add)

    def count(start: int) -> None:
        for n in range(start, start + 2_500):
            comparison.note(("a", "b"), "hate" if n % 10 == 0 else "", "hate" if n % 4 == 0 else "")

    threads = [threading.Thread(target=count, args=(2_500 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    await comparison.tell()
    for thread in threads:
        thread.join()
    await comparison.tell()
    await comparison.tell()
    assert told == {"a>b:|": 7_000, "a>b:|hate": 2_000, "a>b:hate|": 500, "a>b:hate|hate": 500}
