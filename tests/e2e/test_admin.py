"""Operators and a whole mesh: what they change is felt at the edge."""

import time

import httpx
import pytest

from fournil.cli import main
from fournil.client import FournilError
from tests.e2e.conftest import SupervisedMesh

pytestmark = pytest.mark.e2e


def admin(mesh: SupervisedMesh, *words: str) -> None:
    local = mesh.local
    assert main(["admin", "--target", local.desk, "--token", local.admin_token, *words]) == 0


def test_a_key_is_held_to_its_scopes_on_every_surface(mesh: SupervisedMesh) -> None:
    draws, _ = mesh.new_key_and_id("paid", scopes=["draw"])
    reads, _ = mesh.new_key_and_id("paid", scopes=["read"])
    with mesh.client(draws) as client:
        job = client.draw("a crab", steps=1)
        with pytest.raises(FournilError) as unread:
            client.job(job.id)
        assert (unread.value.reason, unread.value.metadata["scope"]) == ("SCOPE_MISSING", "read")
    with mesh.client(reads) as client:
        assert client.allowance().tier == "paid"
        with pytest.raises(FournilError) as undrawn:
            client.draw("a crab")
        assert undrawn.value.metadata["scope"] == "draw"
    for key, path in ((reads, "/v1/jobs"), (reads, "/v1/images/generations"), (draws, "/v1/images/generations")):
        headers = {"authorization": f"Bearer {key}"}
        answer = httpx.post(mesh.local.page + path, json={"prompt": "a crab"}, headers=headers, timeout=10)
        assert (answer.status_code, "SCOPE_MISSING" in answer.text) == (403, True), path


def test_a_ban_and_a_key_that_ends_are_felt_at_the_edge(
    mesh: SupervisedMesh, capsys: pytest.CaptureFixture[str]
) -> None:
    admin(mesh, "keys", "create", "banned-soon", "--tier", "paid", "--reason", "a test")
    key = capsys.readouterr().out.strip()
    with mesh.client(key) as client:
        assert client.allowance().tier == "paid"
        admin(mesh, "account", "ban", "banned-soon", "--notice", "write to us", "--reason", "a test")
        with pytest.raises(FournilError) as barred:
            client.draw("a crab")
        assert (barred.value.reason, barred.value.metadata["detail"]) == ("ACCOUNT_BANNED", "write to us")
    short, _ = mesh.new_key_and_id("free", ttl={"seconds": 2})
    with mesh.client(short) as client:
        assert client.allowance().tier == "free"
        time.sleep(3.2)
        with pytest.raises(FournilError) as expired:
            client.allowance()
        assert expired.value.reason == "KEY_EXPIRED"
