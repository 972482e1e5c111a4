"""An issuer's public keys: when they are read, and what happens while they cannot be."""

import json
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from services.quota import key_set
from services.quota.key_set import LEAST_PAUSE, LONGEST_AGE, LONGEST_OUTAGE, MOST_BYTES, KeySet, read_source
from services.runtime.errors import Fault, Reason


class Source:
    """An issuer whose keys a test changes, and a clock that it moves."""

    def __init__(self, *kids: str) -> None:
        self.kids: Sequence[str] = kids
        self.broken: str | None = None
        self.reads = 0
        self.now = 1_000.0

    def read(self, source: str) -> bytes:
        self.reads += 1
        if self.broken is not None:
            return self.broken.encode()
        return json.dumps({"keys": [{"kid": kid, "kty": "EC"} for kid in self.kids]}).encode()

    def keys(self) -> KeySet:
        return KeySet("https://login.example/keys", self.read, lambda: self.now)


async def test_keys_are_read_once_and_a_new_one_is_looked_for_once_a_minute() -> None:
    source = Source("old")
    keys = source.keys()
    for _ in range(3):
        assert await keys.find("old")
    assert source.reads == 1
    source.kids = ("old", "new")
    for _ in range(3):
        assert await keys.find("new") is None, "somebody has just looked"
    source.now += LEAST_PAUSE
    assert await keys.find("new")
    for number in range(50):
        assert await keys.find(f"invented {number}") is None
    assert source.reads == 2


async def test_a_key_that_was_withdrawn_ends_within_the_hour() -> None:
    source = Source("old")
    keys = source.keys()
    await keys.find("old")
    source.kids = ("new",)
    source.now += LONGEST_AGE
    assert await keys.find("old")
    source.now += 1
    assert await keys.find("old") is None


@pytest.mark.parametrize("broken", ["", "<html>", "[]", "{}", '{"keys": 1}', '{"keys": [1]}', "null"])
async def test_while_the_source_fails_the_last_keys_go_on_for_a_day(broken: str) -> None:
    source = Source("old")
    keys = source.keys()
    await keys.find("old")
    source.broken = broken
    source.now += LONGEST_OUTAGE
    assert await keys.find("old")
    source.now += LEAST_PAUSE
    with pytest.raises(Fault) as fault:
        await keys.find("old")
    assert (fault.value.reason, fault.value.retry_after) == (Reason.UNAVAILABLE, LEAST_PAUSE)
    source.broken = None
    source.now += LEAST_PAUSE
    assert await keys.find("old")


async def test_keys_that_were_never_read_are_not_there() -> None:
    source = Source()
    source.broken = "nothing yet"
    with pytest.raises(Fault) as fault:
        await source.keys().find("any")
    assert fault.value.reason is Reason.UNAVAILABLE


async def test_a_token_without_an_id_gets_the_only_key() -> None:
    assert await Source("only").keys().find(None)
    assert await Source("one", "two").keys().find(None) is None


async def test_a_source_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_set, "PATIENCE", 0.05)
    keys = KeySet("https://login.example/keys", lambda source: time.sleep(0.3) or b"{}")
    with pytest.raises(Fault) as fault:
        await keys.find("any")
    assert fault.value.reason is Reason.UNAVAILABLE


def test_a_file_is_read_up_to_a_bound(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    path.write_bytes(b"x" * MOST_BYTES)
    assert len(read_source(str(path))) == MOST_BYTES
    path.write_bytes(b"x" * (MOST_BYTES + 1))
    with pytest.raises(ValueError, match="too long"):
        read_source(str(path))
