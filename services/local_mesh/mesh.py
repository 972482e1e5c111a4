"""One mesh on this machine: a store, then quota, moderator, generator and edge, with health and demo keys.

Everything durable is in one folder: the store's append-only file, pictures, secrets, logs. Starting it again in
the same folder goes on where it stopped.
"""

import fcntl
import json
import os
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from fournil.quota.v1 import admin_pb2, admin_pb2_grpc, quota_pb2, quota_pb2_grpc
from services.local_mesh.ports import Ports, free_port
from services.local_mesh.store import LocalStore, start_store
from services.local_mesh.supervisor import Child

STOP_ORDER = ("edge", "generator", "moderator", "quota")
READY_SECONDS = 90.0
PORT_SECONDS = 5.0
"""For which a port may still be another's."""

HEALTH_NAMES = {
    "quota": "fournil.quota.v1.QuotaService",
    "moderator": "fournil.moderator.v1.ModeratorService",
    "generator": "fournil.generator.v1.GeneratorService",
    "edge": "fournil.edge.v1.ImageService",
}


class MeshError(Exception):
    """The mesh could not be started; the text says which part and where its log is."""


@dataclass
class LocalMesh:
    """The running mesh. `store` is None when REDIS_URL names one that is not ours."""

    folder: Path
    ports: Ports
    models: Path
    extra: Mapping[str, str] = field(default_factory=dict)
    store: LocalStore | None = None
    children: dict[str, Child] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    redis_url: str = ""
    admin_token: str = ""
    _lock: TextIO | None = None

    def start(self) -> None:
        """Starts everything and returns when every part reports SERVING. Raises MeshError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "logs").mkdir(exist_ok=True)
        self._make_sure_of_room()
        self.redis_url = os.environ.get("REDIS_URL", "")
        if not self.redis_url:
            self.start_store()
        secret = self._secrets()
        self.admin_token = secret["admin"]
        desk = {
            "FOURNIL_KEY_PEPPER": secret["pepper"],
            "FOURNIL_ADMIN_TOKEN": self.admin_token,
            "FOURNIL_JOURNAL": str(self.folder / "journal"),
            # The store shares the cores with the models: on a full machine 50 ms would be too short for it.
            "FOURNIL_REDIS_BUDGET_MS": "500",
        }
        self._start_child("quota", desk)
        taster = {"FOURNIL_ADMIN_TOKEN": self.admin_token, "FOURNIL_MODERATION_KEY": secret["moderation"]}
        self._start_child("moderator", taster)
        self._start_child("generator", {"FOURNIL_ADVERTISE": f"127.0.0.1:{self.ports.generator}"})
        self._wait_ready("quota")
        self.keys = self._demo_keys(secret)
        self._start_child(
            "edge",
            {
                "FOURNIL_HTTP_LISTEN": f"127.0.0.1:{self.ports.edge_http}",
                "FOURNIL_RESULTS_URL": (self.folder / "results").absolute().as_uri(),
                "FOURNIL_LINK_SECRET": secret["links"],
                "FOURNIL_WEBHOOKS": "any",
                "FOURNIL_DEMO": "1",
                "FOURNIL_DEMO_FREE_KEY": self.keys["free"],
                "FOURNIL_DEMO_PAID_KEY": self.keys["paid"],
            },
        )
        for name in ("moderator", "generator", "edge"):
            self._wait_ready(name)
        self._wait_for_oven()

    def start_store(self) -> None:
        """Starts the store; after it died, starts it again on the same port and files."""
        port = self.ports.store if self.store is None else self.store.port
        self.store = start_store(self.folder / "store", port=port)
        self.redis_url = self.store.url

    def look_after(self) -> None:
        """Restarts what has died. Called a few times a second."""
        if self.store is not None and self.store.process.poll() is not None:
            self.start_store()
        for child in self.children.values():
            child.look_after()

    def stop(self, seconds: float = 15.0) -> None:
        """Stops every part in order, the store last."""
        for name in STOP_ORDER:
            if name in self.children:
                self.children[name].stop(seconds)
        if self.store is not None:
            self.store.stop()
        if self._lock is not None:
            self._lock.close()

    @property
    def page(self) -> str:
        """URL of the web page."""
        return f"http://127.0.0.1:{self.ports.edge_http}"

    @property
    def target(self) -> str:
        """gRPC target of the edge."""
        return f"127.0.0.1:{self.ports.edge_grpc}"

    @property
    def taster(self) -> str:
        """gRPC target of the moderator, for `fournil admin appeals` and its like."""
        return f"127.0.0.1:{self.ports.moderator}"

    @property
    def desk(self) -> str:
        """gRPC target of the desk, for `fournil admin`."""
        return f"127.0.0.1:{self.ports.quota}"

    def _make_sure_of_room(self) -> None:
        """That nobody else uses the folder, which two stores would spoil, nor the ports. Raises MeshError."""
        lock = (self.folder / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise MeshError(f"another mesh runs in {self.folder}; stop it, or give another --folder") from None
        self._lock = lock
        if taken := self.ports.taken(PORT_SECONDS):
            names = ", ".join(f"{port} ({part})" for part, port in taken.items())
            hint = "stop what listens there, or take free ones: make run ARGS=--any-ports"
            raise MeshError(f"somebody else has port {names}; {hint}")

    def _start_child(self, name: str, particular: Mapping[str, str]) -> None:
        ports = self.ports
        environment = {
            "REDIS_URL": self.redis_url,
            "FOURNIL_LISTEN": f"127.0.0.1:{self._port(name)}",
            "FOURNIL_METRICS_LISTEN": f"127.0.0.1:{free_port()}",
            "FOURNIL_QUOTA": f"127.0.0.1:{ports.quota}",
            "FOURNIL_MODERATOR": f"127.0.0.1:{ports.moderator}",
            "FOURNIL_GENERATOR": f"127.0.0.1:{ports.generator}",
            "FOURNIL_MODELS": str(self.models),
            "FOURNIL_DRAIN_SECONDS": "0.2",
            "FOURNIL_GRACE_SECONDS": "3",
            **particular,
            **self.extra,
        }
        child = Child(name, environment, self.folder / "logs" / f"{name}.jsonl")
        child.start()
        self.children[name] = child

    def _port(self, name: str) -> int:
        return self.ports.edge_grpc if name == "edge" else int(getattr(self.ports, name))

    def _wait_ready(self, name: str) -> None:
        child, limit = self.children[name], time.monotonic() + READY_SECONDS
        request = health_pb2.HealthCheckRequest(service=HEALTH_NAMES[name])
        while time.monotonic() < limit:
            if child.process is not None and child.process.poll() is not None:
                raise MeshError(f"{name} ended with code {child.process.returncode}; see {child.log}")
            with grpc.insecure_channel(f"127.0.0.1:{self._port(name)}") as channel:
                try:
                    answer = health_pb2_grpc.HealthStub(channel).Check(request, timeout=1)
                except grpc.RpcError:
                    answer = None
            if answer is not None and answer.status == health_pb2.HealthCheckResponse.SERVING:
                return
            time.sleep(0.1)
        raise MeshError(f"{name} was not ready within {READY_SECONDS:.0f} s; see {child.log}")

    def _wait_for_oven(self) -> None:
        """Ready means that a picture can be asked for: the generator has reported to the desk and the edge."""
        limit = time.monotonic() + READY_SECONDS
        with grpc.insecure_channel(f"127.0.0.1:{self.ports.quota}") as channel:
            desk = quota_pb2_grpc.QuotaServiceStub(channel)
            while not desk.DescribeLine(quota_pb2.DescribeLineRequest(), timeout=5).ovens:
                if time.monotonic() > limit:
                    raise MeshError("no generator reported to the desk")
                time.sleep(0.1)
        while not self._edge_knows_a_model():
            if time.monotonic() > limit:
                raise MeshError("no generator reported to the edge")
            time.sleep(0.1)

    def _edge_knows_a_model(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.page}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except urllib.error.URLError:
            return False

    def _secrets(self) -> dict[str, str]:
        """Pepper, link secret, admin token and moderation key, each made once a folder."""
        path = self.folder / "secrets.json"
        kept = dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}
        made = {
            name: kept.get(name) or secrets.token_hex(32) for name in ("pepper", "links", "admin", "moderation")
        }
        if made != kept:
            _write_private(path, made)
        return made

    def _demo_keys(self, secret: dict[str, str]) -> dict[str, str]:
        """The two demo keys: those of last time while the desk knows them, else new ones."""
        path = self.folder / "demo-keys.json"
        keys = dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}
        with grpc.insecure_channel(f"127.0.0.1:{self.ports.quota}") as channel:
            desk = quota_pb2_grpc.QuotaServiceStub(channel)
            admin = admin_pb2_grpc.QuotaAdminServiceStub(channel)
            for tier in ("free", "paid"):
                try:
                    desk.Authenticate(quota_pb2.AuthenticateRequest(api_key=keys.get(tier, "")), timeout=5)
                except grpc.RpcError:
                    request = admin_pb2.CreateKeyRequest(
                        account_id=f"demo-{tier}", tier=tier, reason="local mesh demo key"
                    )
                    metadata = (("authorization", f"Bearer {secret['admin']}"),)
                    keys[tier] = admin.CreateKey(request, timeout=5, metadata=metadata).api_key
        _write_private(path, keys)
        return keys


def _write_private(path: Path, value: object) -> None:
    path.touch(mode=0o600)
    path.write_text(json.dumps(value), encoding="utf-8")
