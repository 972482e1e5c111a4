"""A file of prompts in, a file of decisions out, line by line."""

import json
from pathlib import Path

import pytest

from services.moderator.__main__ import offline
from services.moderator.screen import main
from services.moderator.screening import MAX_PROMPT

ROWS = [
    {"id": "a", "prompt": "a crab beside a boat"},
    {"id": 2, "prompt": "a man stabbing a woman, blood everywhere"},
    {"id": "long", "prompt": "b" * (MAX_PROMPT + 1)},
    {"id": "none", "prompt": ""},
]


def test_a_file_is_screened(tmp_path: Path) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("\n".join(map(json.dumps, ROWS)) + "\n\n", encoding="utf-8")
    assert main([str(source), "--out", str(out), "--workers", "1"], offline) == 0
    first, second, long, empty = map(json.loads, out.read_text(encoding="utf-8").splitlines())
    assert (first["id"], first["flagged"], first["category"]) == ("a", False, "")
    assert (second["id"], second["flagged"]) == ("2", True)
    assert second["category"] in {"violence", "shocking"}
    assert second["decision"].startswith("dec_") and 0 <= second["score"] <= 1
    assert (long["flagged"], long["category"]) == (True, "invalid")
    assert not empty["flagged"]
    assert set(first) == {"id", "flagged", "score", "category", "decision"}
    assert {p.name for p in tmp_path.iterdir()} == {"in.jsonl", "out.jsonl"}


@pytest.mark.parametrize("line", ["[]", '{"id": 1}', "no json", '{"id": 1, "prompt": 3}'])
def test_a_bad_line_is_named_and_nothing_is_written(
    tmp_path: Path, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(line + "\n", encoding="utf-8")
    assert main([str(source), "--out", str(out)], offline) == 2
    assert "in.jsonl" in capsys.readouterr().err
    assert not out.exists()
