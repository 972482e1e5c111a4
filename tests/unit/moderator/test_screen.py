"""A file of prompts in, a file of decisions out, line by line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

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
    assert main([str(source), "--out", str(out), "--workers", "1"]) == 0
    first, second, long, empty = map(json.loads, out.read_text(encoding="utf-8").splitlines())
    assert (first["id"], first["flagged"], first["category"]) == ("a", False, "")
    assert (second["id"], second["flagged"]) == ("2", True)
    assert second["category"] in {"violence", "shocking"}
    assert second["decision"].startswith("dec_") and 0 <= second["score"] <= 1
    assert (long["flagged"], long["category"]) == (True, "invalid")
    assert not empty["flagged"]
    assert set(first) == {"id", "flagged", "score", "category", "decision"}
    assert {p.name for p in tmp_path.iterdir()} == {"in.jsonl", "out.jsonl"}


def test_the_command_line_takes_screen_as_its_first_word(tmp_path: Path) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(json.dumps(ROWS[0]) + "\n", encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "services.moderator",
        "screen",
        str(source),
        "--out",
        str(out),
        "--workers",
        "1",
    ]
    subprocess.run(command, check=True, timeout=120, cwd=Path(__file__).parents[3], capture_output=True)
    assert json.loads(out.read_text(encoding="utf-8"))["id"] == "a"


@pytest.mark.parametrize("line", ["[]", '{"id": 1}', "no json", '{"id": 1, "prompt": 3}'])
def test_a_bad_line_is_named_and_nothing_is_written(
    tmp_path: Path, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(line + "\n", encoding="utf-8")
    assert main([str(source), "--out", str(out)]) == 2
    assert "in.jsonl" in capsys.readouterr().err
    assert not out.exists()
