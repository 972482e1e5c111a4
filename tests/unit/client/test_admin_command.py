"""The command line of `fournil admin`: what becomes of the words, and what is refused before anything is sent."""

from datetime import UTC, datetime
from typing import Any

import pytest

from fournil import admin
from fournil.cli import main
from fournil.quota.v1 import admin_pb2, quota_pb2


class Recorder:
    """Stands in for the desk: keeps what it is asked, and answers with empty messages or those it is given."""

    answers: dict[str, Any]
    calls: list[tuple[str, Any]]

    def __init__(self, target: str, *, token: str, french: bool) -> None:
        self.opened.append((target, token))

    opened: list[tuple[str, str]]

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(self, *_: object) -> None: ...

    def call(self, method: str, request: Any) -> Any:
        self.calls.append((method, request))
        queued = self.answers.get(method, [])
        return queued.pop(0) if queued else getattr(admin_pb2, f"{method}Response")()

    def line(self) -> quota_pb2.DescribeLineResponse:
        return quota_pb2.DescribeLineResponse(surge={"level": "SURGE_LEVEL_BUSY"})


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> type[Recorder]:
    Recorder.answers, Recorder.calls, Recorder.opened = {}, [], []
    monkeypatch.setattr(admin, "AdminDesk", Recorder)
    return Recorder


WHY = ("--reason", "a test")


@pytest.mark.parametrize(
    ("words", "method", "fields"),
    [
        (("keys", "create", "ada"), "CreateKey", {"account_id": "ada"}),
        (
            ("keys", "create", "ada", "--tier", "paid", "--expires", "90d", "--scope", "read"),
            "CreateKey",
            {"account_id": "ada", "tier": "paid", "ttl": {"seconds": 90 * 86_400}, "scopes": ["read"]},
        ),
        (("keys", "revoke", "key_1"), "RevokeKey", {"key_id": "key_1"}),
        (("account", "set-tier", "ada", "paid"), "SetTier", {"account_id": "ada", "tier": "paid"}),
        (("account", "set-zone", "ada", ""), "SetTimeZone", {"account_id": "ada"}),
        (("account", "ban", "ada", "--notice", "no"), "Ban", {"account_id": "ada", "notice": "no"}),
        (("account", "unban", "ada"), "Unban", {"account_id": "ada"}),
        (("account", "credit", "ada", "3"), "Credit", {"account_id": "ada", "policy": "daily", "amount": 3}),
        (("account", "reset", "ada"), "ResetAllowance", {"account_id": "ada"}),
        (("surge", "pin", "shed"), "PinSurge", {"level": quota_pb2.SURGE_LEVEL_SHED}),
        (("surge", "release"), "ReleaseSurge", {}),
        (("queue", "drain", "crumb", "free"), "DrainLine", {"model": "crumb", "tier": "free"}),
    ],
)
def test_every_change_is_one_call_and_wants_a_reason(
    desk: type[Recorder],
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    method: str,
    fields: dict[str, Any],
) -> None:
    desk.answers["Credit"] = [admin_pb2.CreditResponse(verdict={"policy": "daily", "unit": 1})]
    with pytest.raises(SystemExit) as wrong_use:
        main(["admin", *words])
    assert (wrong_use.value.code, desk.calls) == (2, [])
    assert "--reason" in capsys.readouterr().err
    assert main(["admin", *words, *WHY]) == 0
    assert desk.calls == [(method, getattr(admin_pb2, f"{method}Request")(reason="a test", **fields))]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2027-01-31", datetime(2027, 1, 31, tzinfo=UTC)),
        ("2027-01-31T10:00", datetime(2027, 1, 31, 10, tzinfo=UTC)),
        ("2027-01-31T10:00+02:00", datetime(2027, 1, 31, 8, tzinfo=UTC)),
    ],
)
def test_a_time_without_a_zone_is_utc(desk: type[Recorder], text: str, moment: datetime) -> None:
    main(["admin", "keys", "create", "ada", "--expires", text, *WHY])
    assert desk.calls[0][1].expire_time.ToDatetime(UTC) == moment


@pytest.mark.parametrize(
    "words",
    [
        ("keys", "create", "ada", "--expires", "soon", *WHY),
        ("keys", "create", "ada", "--expires", "5w", *WHY),
        ("keys", "create", "ada", "--scope", "bake", *WHY),
        ("account", "credit", "ada", "many", *WHY),
        ("account", "credit", "ada", str(10**30), *WHY),
        ("surge", "pin", "panic", *WHY),
        ("audit", "-n", "all"),
        ("keys",),
        (),
    ],
)
def test_wrong_words_are_refused_before_anything_is_sent(desk: type[Recorder], words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as wrong_use:
        main(["admin", *words])
    assert (wrong_use.value.code, desk.opened) == (2, [])


def test_a_drain_goes_on_while_there_is_more(desk: type[Recorder], capsys: pytest.CaptureFixture[str]) -> None:
    desk.answers["DrainLine"] = [
        admin_pb2.DrainLineResponse(refunded=500, more=True),
        admin_pb2.DrainLineResponse(refunded=500, more=True),
        admin_pb2.DrainLineResponse(refunded=7),
    ]
    main(["--lang", "en", "admin", "queue", "drain", "crumb", "free", *WHY])
    assert [method for method, _ in desk.calls] == ["DrainLine"] * 3
    assert capsys.readouterr().out == "tickets refunded: 1007\n"


def test_only_the_key_goes_to_the_output(desk: type[Recorder], capsys: pytest.CaptureFixture[str]) -> None:
    desk.answers["CreateKey"] = [admin_pb2.CreateKeyResponse(api_key="fk_" + "[x]" * 60, key_id="key_1")]
    main(["--lang", "fr", "admin", "keys", "create", "ada", *WHY])
    out, err = capsys.readouterr()
    assert out == "fk_" + "[x]" * 60 + "\n"
    assert "key_1 pour ada ; fin : jamais" in " ".join(err.split())


def test_target_and_token_come_from_the_environment_or_the_line(
    desk: type[Recorder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOURNIL_ADMIN_TARGET", "desk:1")
    monkeypatch.setenv("FOURNIL_ADMIN_TOKEN", "from the environment")
    main(["--target", "edge:1", "admin", "audit"])
    main(["admin", "--target", "desk:2", "--token", "from the line", "audit"])
    assert desk.opened == [("desk:1", "from the environment"), ("desk:2", "from the line")]


def test_a_desk_that_is_away_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--lang", "fr", "admin", "--target", "127.0.0.1:1", "audit"]) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert said == "le guichet à 127.0.0.1:1, ou son stockage, ne répond pas"
