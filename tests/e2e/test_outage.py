"""The desk's own store is away: who pays is drawn for, others are told to wait, and later all is charged once."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fournil.client import Fournil, FournilError
from services.local_mesh.store import LocalStore, start_store
from tests.e2e.conftest import SupervisedMesh

pytestmark = pytest.mark.e2e

GAUGED = 2.5
"""Seconds in which the desk has heard of the oven and of its own replicas."""


@pytest.fixture
def desk_store(tmp_path: Path) -> Iterator[LocalStore]:
    store = start_store(tmp_path / "desk-store")
    yield store
    os.kill(store.process.pid, signal.SIGCONT)
    store.stop()


@pytest.fixture
def mesh(desk_store: LocalStore, tmp_path: Path) -> Iterator[SupervisedMesh]:
    """A mesh whose desk has a store of its own."""
    made = SupervisedMesh(tmp_path / "mesh")
    made.local.extra = {"FOURNIL_QUOTA_REDIS_URL": desk_store.url}
    try:
        made.start()
        yield made
    finally:
        os.kill(desk_store.process.pid, signal.SIGCONT)
        made.stop()


def test_who_pays_is_drawn_for_while_the_desk_cannot_count(mesh: SupervisedMesh, desk_store: LocalStore) -> None:
    with mesh.client(mesh.new_key("paid")) as paid, mesh.client(mesh.new_key("free")) as free:
        for client in (paid, free):
            assert ends_with(client, client.draw("a crab beside a boat").id) == "completed"
        time.sleep(GAUGED)
        os.kill(desk_store.process.pid, signal.SIGSTOP)
        assert ends_with(paid, paid.draw("un crabe à côté d'une barque").id) == "completed"
        with pytest.raises(FournilError) as raised:
            free.draw("a crab beside a boat")
        assert raised.value.reason == "UNAVAILABLE"

        os.kill(desk_store.process.pid, signal.SIGCONT)
        limit = time.monotonic() + 15
        while paid.allowance().used < 2:
            assert time.monotonic() < limit, "the journal was not told"
            time.sleep(0.2)
        left = paid.allowance()
        assert (left.used, left.held, left.live) == (2, 0, 0)


def ends_with(client: Fournil, job_id: str) -> str:
    """The last event of a job."""
    return str([event.WhichOneof("event") for event in client.watch(job_id)][-1])
