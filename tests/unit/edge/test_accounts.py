"""Who asks at the edge: keys and tokens remembered for a second, and calls held to a key's scopes."""

import json
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest

from services.edge import authenticator as authenticator_file
from services.edge.asking import Asked
from services.edge.authenticator import MAX_KEY_LENGTH, MAX_TOKEN_LENGTH, Authenticator
from services.edge.counter import Counter
from services.edge.job import Account, Job, Spec
from services.edge.job_codec import pack_doc, unpack
from services.edge.peers import Quota
from services.runtime.errors import Fault, Reason

SPEC = Spec("a crab", "crumb", 1, 96, 96, 1, 4, 0)


class Desk:
    """Knows every key, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def authenticate(self, api_key: str) -> Account:
        self.asked.append(api_key)
        return Account("ada", "free", "key_1", ("read",))


def authenticator(desk: Desk) -> Authenticator:
    return Authenticator(cast(Quota, desk))


async def test_a_key_is_asked_for_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    desk, now = Desk(), 100.0
    monkeypatch.setattr(authenticator_file.time, "monotonic", lambda: now)
    who = authenticator(desk)
    for _ in range(3):
        assert (await who.account("Bearer one")).scopes == ("read",)
    await who.account("bearer  two")
    assert desk.asked == ["one", "two"]
    now += 1.0
    await who.account("Bearer one")
    assert desk.asked == ["one", "two", "one"]


@pytest.mark.parametrize(
    ("key", "taken"),
    [
        ("x" * MAX_KEY_LENGTH, True),
        ("x" * (MAX_KEY_LENGTH + 1), False),
        ("a." + "x" * (MAX_TOKEN_LENGTH - 4) + ".b", True),
        ("a." + "x" * (MAX_TOKEN_LENGTH - 3) + ".b", False),
        ("a." + "x" * MAX_KEY_LENGTH, False),
        ("a.b.c." + "x" * MAX_KEY_LENGTH, False),
        ("cl\u00e9", False),
    ],
)
async def test_what_cannot_be_a_key_or_a_token_never_reaches_the_desk(key: str, taken: bool) -> None:
    desk = Desk()
    if taken:
        await authenticator(desk).account(f"Bearer {key}")
    else:
        with pytest.raises(Fault) as fault:
            await authenticator(desk).account(f"Bearer {key}")
        assert fault.value.reason is Reason.KEY_UNKNOWN
    assert bool(desk.asked) is taken


def counter() -> Counter:
    """With nothing behind it: what gets past the scopes fails otherwise."""
    nothing: Any = None
    return Counter(*[nothing] * 9)


async def watched(one: Counter, account: Account) -> None:
    async for _ in one.watch(account, "0" * 26, after=""):
        pass


CALLS: dict[str, tuple[str, Callable[[Counter, Account], Awaitable[object]]]] = {
    "create": (
        "draw",
        lambda one, account: one.create(
            account, Asked("a crab", None), model=None, request_id=None, validate_only=False
        ),
    ),
    "cancel": ("draw", lambda one, account: one.cancel(account, "0" * 26)),
    "get": ("read", lambda one, account: one.get(account, "0" * 26)),
    "list": ("read", lambda one, account: one.list(account, before="", limit=1)),
    "watch": ("read", watched),
    "allowance": ("read", lambda one, account: one.allowance(account)),
    "delete": ("draw", lambda one, account: one.delete(account, "0" * 26)),
    "provenance": ("read", lambda one, account: one.check_provenance(account, b"")),
}


@pytest.mark.parametrize("name", CALLS)
async def test_every_call_wants_its_scope_and_no_other(name: str) -> None:
    scope, call = CALLS[name]
    other = {"draw": "read", "read": "draw"}[scope]
    with pytest.raises(Fault) as refused:
        await call(counter(), Account("ada", "free", "key_1", (other,)))
    assert (refused.value.reason, refused.value.metadata["scope"]) == (Reason.SCOPE_MISSING, scope)
    for scopes in ((scope,), (), ("draw", "read")):
        with pytest.raises(AttributeError, match="NoneType"):
            await call(counter(), Account("ada", "free", "key_1", scopes))


def test_a_record_keeps_no_scopes_and_may_be_older_than_they_are() -> None:
    job = Job("0" * 26, Account("ada", "free", "key_1", ("read",)), SPEC, created=1.0)
    doc = pack_doc(job)
    assert json.loads(doc)["account"] == {"account_id": "ada", "tier": "free", "key_id": "key_1"}
    assert unpack(job.id, {"doc": doc}).account == Account("ada", "free", "key_1")
