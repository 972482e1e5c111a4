"""The back office of a running desk: the admin service over real sockets and a real store, and `fournil admin`."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from fournil.cli import main
from fournil.quota.v1 import admin_pb2, admin_pb2_grpc, quota_pb2, quota_pb2_grpc
from services.quota.policy_file import BUNDLED, load_policy
from services.runtime.errors import Reason
from services.runtime.wire_errors import error_info
from tests.integration.desk_process import DeskProcess, desk_on

TOKEN = "flour, water and an open door"
ISSUER, AUDIENCE = "https://login.example", "fournil"
DAILY = load_policy(BUNDLED).tiers["paid"].windows[0].limit
SIGNER = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
async def desk(valkey_url: str, tmp_path: Path) -> AsyncIterator[DeskProcess]:
    """Guarded by a token, and trusting an issuer."""
    key = {**ECAlgorithm.to_jwk(SIGNER.public_key(), as_dict=True), "kid": "k1"}
    keys = tmp_path / "jwks.json"
    keys.write_text(json.dumps({"keys": [key]}))
    extra = {
        "FOURNIL_POLICY": str(BUNDLED),
        "FOURNIL_ADMIN_TOKEN": TOKEN,
        "FOURNIL_OIDC_ISSUER": ISSUER,
        "FOURNIL_OIDC_AUDIENCE": AUDIENCE,
        "FOURNIL_OIDC_JWKS": str(keys),
    }
    async with desk_on(valkey_url, **extra) as process:
        yield process


class Admin:
    """Calls with the token, in a thread of their own."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._stub = admin_pb2_grpc.QuotaAdminServiceStub(channel)
        self.quota = quota_pb2_grpc.QuotaServiceStub(channel)

    def __call__(self, method: str, **fields: object) -> Any:
        request = getattr(admin_pb2, f"{method}Request")(**fields)
        return getattr(self._stub, method)(request, timeout=10, metadata=(("authorization", f"Bearer {TOKEN}"),))

    def authenticate(self, key: str) -> quota_pb2.AuthenticateResponse:
        return self.quota.Authenticate(quota_pb2.AuthenticateRequest(api_key=key), timeout=10)


@contextmanager
def admin_of(desk: DeskProcess) -> Iterator[Admin]:
    with grpc.insecure_channel(desk.target) as channel:
        yield Admin(channel)


def reason_of(error: Any) -> Reason:
    found = error_info(error)
    assert found is not None, error
    return found[0]


async def test_every_call_wants_the_token(desk: DeskProcess) -> None:
    methods = admin_pb2.DESCRIPTOR.services_by_name["QuotaAdminService"].methods
    async with grpc.aio.insecure_channel(desk.target) as channel:
        stub = admin_pb2_grpc.QuotaAdminServiceStub(channel)
        for method in methods:
            request = getattr(admin_pb2, method.input_type.name)()
            for shown, reason in (
                ((), Reason.KEY_MISSING),
                ((("authorization", TOKEN),), Reason.KEY_MISSING),
                ((("authorization", "Bearer flour"),), Reason.KEY_UNKNOWN),
            ):
                with pytest.raises(grpc.aio.AioRpcError) as caught:
                    await getattr(stub, method.name)(request, metadata=shown)
                assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED, method.name
                assert reason_of(caught.value) is reason


def walk_the_back_office(desk: DeskProcess) -> None:
    with admin_of(desk) as admin:
        made = admin("CreateKey", account_id="ada", scopes=["read"], ttl={"seconds": 3_600}, reason="a test")
        assert abs(made.expire_time.seconds - time.time() - 3_600) < 60
        holder = admin.authenticate(made.api_key)
        assert (holder.account_id, holder.tier, list(holder.scopes)) == ("ada", "free", ["read"])

        admin("SetTier", account_id="ada", tier="paid", reason="a donation")
        admin("SetTimeZone", account_id="ada", time_zone="Asia/Tokyo", reason="moved")
        admin("Ban", account_id="ada", notice="write to us", reason="a case")
        account = admin("GetAccount", account_id="ada")
        assert (account.tier, account.time_zone, account.banned) == ("paid", "Asia/Tokyo", "write to us")
        daily = account.verdicts[0]
        assert (daily.policy, daily.limit, daily.unit) == ("daily", DAILY, quota_pb2.LIMIT_UNIT_PICTURES)
        admin("Unban", account_id="ada", reason="a mistake")
        credited = admin("Credit", account_id="ada", policy="daily", amount=7, reason="sorry").verdict
        assert (credited.limit, credited.reset_time) == (DAILY + 7, daily.reset_time)
        admin("ResetAllowance", account_id="ada", reason="a new start")

        (key,) = admin("ListKeys", account_id="ada").keys
        assert (key.key_id, key.revoked, key.expire_time) == (made.key_id, False, made.expire_time)
        admin("RevokeKey", key_id=made.key_id, reason="lost")
        assert admin("ListKeys", account_id="ada").keys[0].revoked

        pinned = admin("PinSurge", level=quota_pb2.SURGE_LEVEL_SURGE, reason="a rehearsal").surge
        assert (pinned.level, pinned.pinned) == (quota_pb2.SURGE_LEVEL_SURGE, True)
        assert admin("GetAccount", account_id="ada").level == quota_pb2.SURGE_LEVEL_SURGE
        released = admin("ReleaseSurge", reason="over").surge
        assert (released.level, released.pinned) == (quota_pb2.SURGE_LEVEL_SURGE, False)

        page = admin("ListAudit", page_size=4)
        assert [(one.action, one.reason) for one in page.entries] == [
            ("surge", "released: over"),
            ("surge", "pinned: a rehearsal"),
            ("revoke_key", "lost"),
            ("reset", "a new start"),
        ]
        rest = admin("ListAudit", page_token=page.next_page_token)
        assert [one.action for one in rest.entries] == [
            "credit", "set_banned", "set_banned", "set_zone", "set_tier", "create_key", "open_account",
        ]  # fmt: skip
        assert rest.next_page_token == ""
        with pytest.raises(grpc.RpcError) as unspecified:
            admin("PinSurge", reason="a test")
        assert reason_of(unspecified.value) is Reason.INVALID_ARGUMENT


async def test_the_whole_back_office(desk: DeskProcess) -> None:
    await asyncio.to_thread(walk_the_back_office, desk)


def id_token(subject: str, **claims: object) -> str:
    said = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "exp": int(time.time()) + 60, **claims}
    return jwt.encode(said, SIGNER, "ES256", headers={"kid": "k1"})


def come_with_a_token(desk: DeskProcess) -> None:
    with admin_of(desk) as admin:
        first = admin.authenticate(id_token("user-1", tier="paid"))
        assert (first.account_id[:5], first.tier, first.key_id) == ("oidc-", "free", "oidc")
        admin("SetTier", account_id=first.account_id, tier="paid", reason="a donation")
        assert admin.authenticate(id_token("user-1")).tier == "paid"
        assert admin.authenticate(id_token("user-1", tier="free")).tier == "free"
        request = {"id": "1" * 26, "account_id": first.account_id, "cost": 1, "model": "crumb"}
        lighter = admin.quota.Reserve(quota_pb2.ReserveRequest(**request, tier="free"), timeout=10)
        assert lighter.reservation.tier == "free"
        with pytest.raises(grpc.RpcError) as expired:
            admin.authenticate(id_token("user-1", exp=int(time.time()) - 60))
        assert reason_of(expired.value) is Reason.KEY_EXPIRED
        with pytest.raises(grpc.RpcError) as forged:
            admin.authenticate(id_token("user-1")[:-6] + "AAAAAA")
        assert reason_of(forged.value) is Reason.KEY_UNKNOWN


async def test_who_comes_with_a_token_of_the_issuer_has_an_account(desk: DeskProcess) -> None:
    await asyncio.to_thread(come_with_a_token, desk)


class Shell:
    """`fournil admin` against a desk; what it printed, without the width of the terminal getting in the way."""

    def __init__(self, desk: DeskProcess, capsys: pytest.CaptureFixture[str]) -> None:
        self._target = desk.target
        self._capsys = capsys

    async def __call__(self, *words: str, code: int = 0, lang: str = "en", token: str = TOKEN) -> str:
        line = ["--lang", lang, "admin", "--target", self._target, "--token", token, *words]
        assert await asyncio.to_thread(main, line) == code
        out, err = self._capsys.readouterr()
        return " ".join((out + err).split())


@pytest.fixture
def shell(desk: DeskProcess, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setenv("COLUMNS", "200")
    return Shell(desk, capsys)


async def test_an_operators_day_on_the_command_line(desk: DeskProcess, shell: Shell) -> None:
    why = ("--reason", "a [bold] test")
    made = await shell("keys", "create", "ada", "--expires", "90d", "--scope", "draw", *why)
    match = re.search(r"(fk_\S+) (key_\w+) for ada; it ends \d{4}-", made)
    assert match, made
    assert "draw" in await shell("keys", "list", "ada")
    assert await shell("account", "set-tier", "ada", "paid", *why) == "done: set-tier ada paid"
    await shell("account", "set-zone", "ada", "Europe/Paris", *why)
    await shell("account", "ban", "ada", "--notice", "write to us", *why)
    shown = await shell("account", "show", "ada", lang="fr")
    assert "ada : palier paid, fuseau Europe/Paris, limites au niveau normal" in shown
    assert "banni : write to us" in shown and "images" in shown
    await shell("account", "unban", "ada", *why)
    assert f"│ {DAILY + 3} " in await shell("account", "credit", "ada", "3", *why)
    await shell("account", "reset", "ada", *why)
    await shell("keys", "revoke", match[2], *why)
    assert "révoquée" in await shell("keys", "list", "ada", lang="fr")

    assert "shed (pinned) since" in await shell("surge", "pin", "shed", *why)
    assert "shed since" in await shell("surge", "release", *why)
    assert "released: a [bold] test" in await shell("surge", "show")

    log = await shell("audit", "-n", "3")
    assert log.count("a [bold] test") == 3 and "revoke_key" in log
    token = log.split("--before ")[1]
    assert "open_account" in await shell("audit", "--before", token)


async def test_a_line_is_drained_from_the_command_line(desk: DeskProcess, shell: Shell) -> None:
    await shell("keys", "create", "ada", "--reason", "a test")
    async with grpc.aio.insecure_channel(desk.target) as channel:
        quota = quota_pb2_grpc.QuotaServiceStub(channel)
        for number in range(2):
            id = f"{number:026d}"
            await quota.Reserve(quota_pb2.ReserveRequest(id=id, account_id="ada", cost=1, model="crumb"))
            await quota.Enqueue(quota_pb2.EnqueueRequest(id=id))
        drained = await shell("queue", "drain", "crumb", "free", "--reason", "moving house", lang="fr")
        assert drained == "tickets remboursés : 2"
        held = (await quota.GetReservation(quota_pb2.GetReservationRequest(id="0" * 26))).reservation
        assert held.refund_reason == quota_pb2.REFUND_REASON_CANCELLED


async def test_a_refusal_is_one_line_in_either_language(shell: Shell) -> None:
    gold = ("account", "set-tier", "ada", "gold", "--reason", "a test")
    for words, token, english, french in (
        (("audit",), "", "wants the admin token", "demande le jeton d’administration"),
        (("audit",), "wrong", "this is not the admin token", "ce n’est pas le jeton d’administration"),
        (("account", "show", "nobody"), TOKEN, "there is no such account_id", "introuvable : account_id"),
        (gold, TOKEN, "tier: must be one of free, paid", "tier : must be one of free, paid"),
    ):
        assert english in await shell(*words, code=1, token=token)
        assert french in await shell(*words, code=1, token=token, lang="fr")
