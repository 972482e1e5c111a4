"""The twins: whole, in both languages, and told apart by nothing but what they say."""

import tomllib
from collections import Counter
from pathlib import Path

from models.moderation import twins
from models.moderation.example import CATEGORIES

MADE = twins.twins()
TABLES = [
    table
    for path in sorted(twins.FOLDER.glob("*.toml"))
    for table in tomllib.loads(path.read_text(encoding="utf-8"))["scene"]
]
CONTRAST = Path(twins.__file__).parent / "contrast.toml"


def test_what_is_held_back_is_no_lesson() -> None:
    held = {e.twin for e in twins.twins(held=True)} - {""}
    assert len(held) > 500
    assert not held & {e.twin for e in MADE}


def test_every_harmful_line_has_its_twin() -> None:
    for table in TABLES:
        if table["category"] == "none":
            assert not table["unsafe"]
        else:
            assert table["category"] in CATEGORIES
            assert len(table["unsafe"]) == len(table["safe"]), table["safe"][0]


def test_every_line_stands_in_english_and_french() -> None:
    for table in TABLES:
        for line in (*table["unsafe"], *table["safe"]):
            assert line.count("~") == 1
            assert all(part.strip() for part in line.split("~"))
            assert not set("{}") & set(line)


def test_every_category_but_minors_is_there() -> None:
    counts = Counter((e.category, e.language) for e in MADE)
    for category in {*CATEGORIES} - {"sexual_minors"}:
        assert min(counts[category, "en"], counts[category, "fr"]) > 200


def test_neither_length_nor_start_tells_a_twin_from_the_other() -> None:
    longer = harmful = 0
    for table in TABLES:
        for unsafe, safe in zip(table["unsafe"], table["safe"], strict=False):
            longer += len(unsafe) > len(safe)
            harmful += 1
    assert 0.4 < longer / harmful < 0.6
    starts = Counter((" ".join(e.prompt.lower().split()[:3]), e.category == "none") for e in MADE)
    usual = {start for start, _ in starts if starts[start, True] + starts[start, False] > 40}
    assert usual
    for start in usual:
        share = starts[start, True] / (starts[start, True] + starts[start, False])
        assert 0.2 < share < 0.8, start


def test_no_contrast_pair_is_a_lesson() -> None:
    learned = {e.prompt.lower() for e in MADE}
    for lines in tomllib.loads(CONTRAST.read_text(encoding="utf-8")).values():
        for line in lines:
            assert not learned & set(line.split(": ", 1)[1].lower().split(" ~ "))
