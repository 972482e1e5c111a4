"""The command line of appeals, exemplars and policies: what becomes of the words, and what is shown in two
languages."""

from pathlib import Path
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from fournil import admin_moderation, terminal
from fournil.cli import main
from fournil.edge.v1 import edge_pb2
from fournil.moderator.v1 import admin_pb2, moderator_pb2


class Recorder:
    """Stands in for the moderator's admin service."""

    answers: dict[str, Any]
    calls: list[tuple[str, Any]]

    def __init__(self, target: str, *, token: str, french: bool) -> None:
        self.opened.append(target)

    opened: list[str]

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(self, *_: object) -> None: ...

    def call(self, method: str, request: Any) -> Any:
        self.calls.append((method, request))
        return self.answers.get(method) or getattr(admin_pb2, f"{method}Response")()


@pytest.fixture
def taster(monkeypatch: pytest.MonkeyPatch) -> type[Recorder]:
    Recorder.answers, Recorder.calls, Recorder.opened = {}, [], []
    monkeypatch.setattr(admin_moderation, "AdminTaster", Recorder)
    monkeypatch.setenv("COLUMNS", "200")
    return Recorder


WHY = ("--reason", "a test")
APPEAL = moderator_pb2.Appeal(
    id="apl_1", state="APPEAL_STATE_GRANTED", stage="STAGE_PROMPT", category="violence", score=0.7,
    policy_version="p-1", account_id="ada", prompt="a [bold] knife", note="please", notice="yes",
    credit="CREDIT_STATE_DONE",
)  # fmt: skip


@pytest.mark.parametrize(
    ("words", "method", "fields"),
    [
        (
            ("appeals", "grant", "apl_1", "--notice", "yes"),
            "DecideAppeal",
            {"appeal_id": "apl_1", "grant": True, "notice": "yes"},
        ),
        (("appeals", "deny", "apl_1"), "DecideAppeal", {"appeal_id": "apl_1"}),
        (
            ("exemplars", "add", "block", "hate", "a sign"),
            "AddExemplar",
            {"kind": "EXEMPLAR_KIND_BLOCK", "category": "hate", "prompt": "a sign"},
        ),
        (("exemplars", "remove", "exm_1"), "RemoveExemplar", {"exemplar_id": "exm_1"}),
        (("policy", "share", "25"), "TryPolicy", {"share": 25}),
        (("policy", "promote", "p-1"), "PromotePolicy", {"version": "p-1"}),
        (("policy", "rollback"), "RollBackPolicy", {}),
    ],
)
def test_every_change_is_one_call_and_wants_a_reason(
    taster: type[Recorder], words: tuple[str, ...], method: str, fields: dict[str, Any]
) -> None:
    with pytest.raises(SystemExit):
        main(["admin", *words])
    assert taster.calls == []
    assert main(["admin", "--moderator", "taster:1", *words, *WHY]) == 0
    assert taster.calls == [(method, getattr(admin_pb2, f"{method}Request")(reason="a test", **fields))]
    assert taster.opened == ["taster:1"]


def test_a_candidate_comes_from_a_file(tmp_path: Path, taster: type[Recorder]) -> None:
    (tmp_path / "next.toml").write_text('name = "next"', encoding="utf-8")
    assert main(["admin", "policy", "try", str(tmp_path / "next.toml"), "--share", "5", *WHY]) == 0
    assert taster.calls[0][1] == admin_pb2.TryPolicyRequest(policy='name = "next"', share=5, reason="a test")
    assert main(["admin", "policy", "try", str(tmp_path / "none.toml"), *WHY]) == 2


@pytest.mark.parametrize(
    ("lang", "shown"), [("en", ("prompt:", "credit: done")), ("fr", ("invite :", "crédit : done"))]
)
def test_an_appeal_and_how_policies_compare(
    taster: type[Recorder], capsys: pytest.CaptureFixture[str], lang: str, shown: tuple[str, ...]
) -> None:
    taster.answers["ReadAppeal"] = admin_pb2.ReadAppealResponse(appeal=APPEAL)
    taster.answers["GetPolicies"] = admin_pb2.GetPoliciesResponse(
        policies=admin_pb2.Policies(
            live_version="p-1", candidate_version="p-2", share=5, prompts=100, would_have_refused=7,
            agreements=[admin_pb2.Agreement(category="hate", both=3, live_only=2, candidate_only=1)],
            pictures=admin_pb2.PictureComparison(
                judged=40, would_have_refused=6, would_have_allowed=5,
                agreements=[admin_pb2.Agreement(category="sexual", both=4, live_only=5, candidate_only=6)],
            ),
        )
    )  # fmt: skip
    assert main(["--lang", lang, "admin", "appeals", "show", "apl_1"]) == 0
    assert main(["--lang", lang, "admin", "policy", "show"]) == 0
    out = capsys.readouterr().out
    assert all(one in out for one in (*shown, "a [bold] knife", "p-2", "100", "hate", "sexual"))
    of_pictures = {
        "en": "40 pictures, with previews: 6 more would be refused, 5 more allowed",
        "fr": "40 images, aperçus compris : 6 de plus seraient refusées, 5 de plus acceptées",
    }
    assert of_pictures[lang] in out


def test_everybodys_appeals_page_by_page(taster: type[Recorder], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--lang", "fr", "admin", "appeals", "list"]) == 0
    assert "aucune contestation" in capsys.readouterr().out
    taster.answers["ListAllAppeals"] = admin_pb2.ListAllAppealsResponse(appeals=[APPEAL], next_page_token="17")
    assert main(["admin", "appeals", "list", "--state", "granted", "-n", "1", "--before", "99"]) == 0
    request = admin_pb2.ListAllAppealsRequest(state="APPEAL_STATE_GRANTED", page_size=1, page_token="99")
    assert taster.calls[-1] == ("ListAllAppeals", request)
    out, err = capsys.readouterr()
    assert "apl_1" in out and "--before 17" in err
    for wrong in (("appeals", "list", "-n", str(10**30)), ("policy", "share", "many", *WHY), ("exemplars",)):
        with pytest.raises(SystemExit):
            main(["admin", *wrong])


class Edge:
    """Stands in for the client."""

    def __init__(self, *_: object, **__: object) -> None: ...

    def __enter__(self) -> "Edge":
        return self

    def __exit__(self, *_: object) -> None: ...

    def decision(self, decision: str) -> edge_pb2.Decision:
        return edge_pb2.Decision(
            id=decision, job_id="job-1", stage="image", category="ip", score=0.875, policy_version="p-1",
            text="[Refused.]", create_time=Timestamp(seconds=1_800_000_000),
        )  # fmt: skip

    def appeal(self, decision: str, note: str, prompt: str) -> edge_pb2.Appeal:
        return edge_pb2.Appeal(id="apl_1", state="open", category="violence")

    def read_appeal(self, appeal: str) -> edge_pb2.Appeal:
        return edge_pb2.Appeal(id=appeal, state="granted", category="violence", credited=True, notice="[yes]")

    def appeals(self, number: int) -> list[edge_pb2.Appeal]:
        return [self.read_appeal("apl_1"), edge_pb2.Appeal(id="apl_2", state="denied", category="ip")]


@pytest.mark.parametrize(
    ("words", "english", "french"),
    [
        (("decision", "dec_1"), "[Refused.]", "[Refused.]"),
        (
            ("decision", "dec_1"),
            "picture, ip (0.88) by p-1, 2027-01-15 08:00:00 UTC; job job-1",
            "image, ip (0.88) par p-1, 2027-01-15 08:00:00 UTC ; tâche job-1",
        ),
        (("file", "dec_1", "--note", "hm"), "waits for an answer", "attend une réponse"),
        (("show", "apl_1"), "a picture was credited", "une image a été créditée"),
        (("list",), "answer: [yes]", "réponse : [yes]"),
    ],
)
def test_owners_see_their_refusals_and_appeals(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    english: str,
    french: str,
) -> None:
    monkeypatch.setattr(terminal, "Fournil", Edge)
    for lang, text in (("en", english), ("fr", french)):
        assert main(["--lang", lang, "--key", "k", "appeal", *words]) == 0
        assert text in capsys.readouterr().out
