"""Settled cases, replayed: which of them a policy would break."""

import json
from pathlib import Path

import pytest

from services.moderator.replay import main

STRICT = Path(__file__).parents[2] / "fixtures" / "moderation" / "strict.toml"
CASES = [
    {"id": "exm_1", "kind": "allow", "category": "violence", "prompt": "a crab next to a boat on a beach"},
    {
        "id": "exm_2",
        "kind": "allow",
        "category": "violence",
        "prompt": "a mutilated corpse in a pool of blood, gore",
    },
    {"id": "exm_3", "kind": "block", "category": "hate", "prompt": "the secret sign of the club"},
    {"id": "exm_4", "kind": "allow", "category": "sexual_minors", "prompt": "a naked child, explicit"},
]


def test_which_cases_hold_and_which_need_their_exemplar(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text("\n".join(map(json.dumps, CASES[:3])), encoding="utf-8")
    assert main([str(path)]) == 0
    out, err = capsys.readouterr()
    rows = [json.loads(line) for line in out.splitlines()]
    assert [(row["holds"], row["unaided"]) for row in rows] == [(True, True), (True, False), (True, False)]
    assert "3 cases under fournil-" in err and "0 broken, 1 right without" in err


def test_a_case_that_the_policy_breaks_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text("\n".join(map(json.dumps, CASES)), encoding="utf-8")
    assert main([str(path), "--policy", str(STRICT)]) == 1
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["id"] for row in rows if not row["holds"]] == ["exm_4"], (
        "no exemplar opens what is never appealable"
    )


def test_wrong_use_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.jsonl").write_text('{"id": 1}\n', encoding="utf-8")
    assert main([str(tmp_path / "bad.jsonl")]) == 2
    assert "bad.jsonl, line 1" in capsys.readouterr().err
    assert main([str(tmp_path / "none.jsonl")]) == 2
