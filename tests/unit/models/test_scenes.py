"""The grammar of scenes: the same ones every time, in both languages, and no frame gives the label away."""

from collections import Counter

from models.moderation.example import CATEGORIES
from models.moderation.scenes import scenes

MADE = scenes(6_000, 3)


def test_the_same_seed_gives_the_same_scenes() -> None:
    assert scenes(200, 5) == scenes(200, 5)
    assert scenes(200, 5) != scenes(200, 6)


def test_every_category_is_there_in_both_languages() -> None:
    counts = Counter((e.category, e.language) for e in MADE)
    assert {category for category, _ in counts} == {*CATEGORIES, "none"}
    for category in CATEGORIES:
        assert min(counts[category, "en"], counts[category, "fr"]) > 20
    harmless = sum(e.category == "none" for e in MADE)
    assert harmless == len(MADE) / 2


def test_every_slot_is_filled() -> None:
    for example in MADE:
        assert not set("{}~") & set(example.prompt)
        assert example.prompt == " ".join(example.prompt.split())


def test_frames_hold_harmful_and_harmless_scenes_alike() -> None:
    starts = Counter((" ".join(e.prompt.lower().split()[:3]), e.category == "none") for e in MADE)
    usual = {start for start, _ in starts if starts[start, True] + starts[start, False] > 60}
    assert len(usual) > 10
    for start in usual:
        share = starts[start, True] / (starts[start, True] + starts[start, False])
        assert 0.2 < share < 0.8, start
