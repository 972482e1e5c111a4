"""Whole meshes over real sockets: store, four services, the shipped models."""

import contextlib
import itertools
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import openai
import pytest

from fournil.client import Fournil
from fournil.quota.v1 import admin_pb2, admin_pb2_grpc
from services.local_mesh.mesh import LocalMesh
from services.local_mesh.ports import Ports, free_port
from services.local_mesh.supervisor import Child

REPO = Path(__file__).resolve().parents[2]
POLICY = REPO / "tests" / "fixtures" / "policy.toml"


class SupervisedMesh:
    """A mesh whose dead parts are restarted, as `make run` and Kubernetes do, and the keys to use it."""

    def __init__(
        self, folder: Path, models: Path = REPO / "models" / "weights", *, policy: Path = POLICY, **extra: str
    ) -> None:
        self.local = LocalMesh(folder, Ports.any(), models, extra={"FOURNIL_POLICY": str(policy), **extra})
        self._stop = threading.Event()
        self._watchman = threading.Thread(target=self._look_after, name="watchman", daemon=True)
        self._keys = itertools.count(1)
        self._opened = contextlib.ExitStack()

    def start(self) -> None:
        self.local.start()
        self._watchman.start()

    def stop(self) -> None:
        self._opened.close()
        self._stop.set()
        if self._watchman.is_alive():
            self._watchman.join(15)
        self.local.stop()

    def _look_after(self) -> None:
        while not self._stop.wait(0.1):
            self.local.look_after()

    def new_key(self, tier: str) -> str:
        """A fresh key of a fresh account."""
        return self.new_key_and_id(tier)[0]

    def new_key_and_id(self, tier: str, **more: Any) -> tuple[str, str]:
        """A fresh key of a fresh account, and its public id; `more` as in CreateKeyRequest."""
        account = f"test-{next(self._keys)}"
        request = admin_pb2.CreateKeyRequest(account_id=account, tier=tier, reason="test", **more)
        with self._admin() as admin:
            made = admin.CreateKey(request, timeout=5, metadata=self._shown)
        return made.api_key, made.key_id

    def revoke(self, key_id: str) -> None:
        """Ends a key."""
        request = admin_pb2.RevokeKeyRequest(key_id=key_id, reason="test")
        with self._admin() as admin:
            admin.RevokeKey(request, timeout=5, metadata=self._shown)

    def client(self, key: str, language: str = "en") -> Fournil:
        """A client of the edge."""
        return Fournil(self.local.target, api_key=key, language=language)

    def openai(self, key: str, **options: Any) -> openai.OpenAI:
        """The unmodified client of OpenAI's, pointed here; closed with the mesh."""
        client = openai.OpenAI(base_url=f"{self.local.page}/v1", api_key=key, **options)
        self._opened.callback(client.close)
        return client

    @contextlib.contextmanager
    def second_edge(self, **extra: str) -> Iterator[str]:
        """Another edge of this mesh while the block lasts, with settings of its own; where it serves the page."""
        first, web = self.local.children["edge"], free_port()
        environment = {
            **first.environment,
            "FOURNIL_LISTEN": f"127.0.0.1:{free_port()}",
            "FOURNIL_METRICS_LISTEN": f"127.0.0.1:{free_port()}",
            "FOURNIL_HTTP_LISTEN": f"127.0.0.1:{web}",
            **extra,
        }
        page = f"http://127.0.0.1:{web}"
        child = Child("edge", environment, self.local.folder / "logs" / "edge-2.jsonl")
        child.start()
        try:
            limit = time.monotonic() + 60
            while not _ready(page):
                assert time.monotonic() < limit and child.process is not None and child.process.poll() is None
                time.sleep(0.1)
            yield page
        finally:
            child.stop(15)

    @property
    def _shown(self) -> tuple[tuple[str, str]]:
        """What the admin service wants to see."""
        return (("authorization", f"Bearer {self.local.admin_token}"),)

    @contextlib.contextmanager
    def _admin(self) -> Iterator[admin_pb2_grpc.QuotaAdminServiceStub]:
        with grpc.insecure_channel(f"127.0.0.1:{self.local.ports.quota}") as channel:
            yield admin_pb2_grpc.QuotaAdminServiceStub(channel)


def _ready(page: str) -> bool:
    try:
        return httpx.get(f"{page}/readyz", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="session")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SupervisedMesh]:
    """One mesh for all tests that leave it whole."""
    supervised = SupervisedMesh(tmp_path_factory.mktemp("mesh"))
    try:
        supervised.start()
        yield supervised
    finally:
        supervised.stop()


@pytest.fixture(scope="module")
def mortal_mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SupervisedMesh]:
    """A mesh whose parts may be killed."""
    supervised = SupervisedMesh(tmp_path_factory.mktemp("mortal"))
    try:
        supervised.start()
        yield supervised
    finally:
        supervised.stop()
