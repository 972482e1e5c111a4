"""RESULTS.md keeps what was not run anew."""

from bench.report import prose, sections, table

ROW = {"name": "ours / theirs", "ours": 2, "other": 1, "ratio": 2.0, "goal": ">= 1", "holds": True}
ONE, TWO = "## one (`make bench-one`)", "## two (`make bench-two`)"
TEXT = f"# Benchmark results\n\n{ONE}\n\nA word.\n\n{table([ROW])}\n{TWO}\n\n{table([])}"


def test_sections_are_found_with_their_prose() -> None:
    found = sections(TEXT)
    assert list(found) == ["one", "two"]
    assert prose(found["one"]) == "A word.\n\n" and prose(found["two"]) == ""
    assert found["one"].endswith("| ours / theirs | 2 | 1 | 2.0 | >= 1 | yes |")


def test_a_row_that_misses_its_goal_says_so() -> None:
    assert table([{**ROW, "holds": False}]).endswith("| no |\n")
