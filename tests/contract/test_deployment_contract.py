"""What the rendered manifests promise the cluster, kept by real processes.

Each service is started from the files that the Dockerfile copies, with exactly the command and the variables of
its Deployment; only what one machine cannot have is replaced: addresses by free loopback ports (with nobody at
the peers' ones), mounted folders by temporary ones, secrets by test values. Then the test plays kubelet, to all
four at the same time: each drains for as long as its Deployment says.
"""

import asyncio
import itertools
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import pytest
import redis
from grpc_health.v1 import health_pb2, health_pb2_grpc

from fournil.quota.v1 import admin_pb2, admin_pb2_grpc, quota_pb2, quota_pb2_grpc
from services.local_mesh.ports import free_port
from services.local_mesh.store import find_binary
from services.runtime.channels import open_channel
from tests.unit.deploy.image import assemble
from tests.unit.deploy.rendering import (
    EXPECTED_SECRETS,
    K8S,
    SERVICES,
    Manifest,
    container,
    environment,
    expand,
    pod_spec,
    probes,
    render,
)

pytestmark = pytest.mark.e2e

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@dataclass
class Pod:
    """One service as its Deployment starts it. `ports` maps container ports to loopback ones."""

    service: str
    root: Path
    redis_url: str
    ports: dict[int, int] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        rendered = render(K8S / "base")
        self.workload = rendered.one("Deployment", self.service)
        self.box = container(self.workload)
        self.ports = {port["containerPort"]: free_port() for port in self.box["ports"]}
        self.log = self.root / "log.jsonl"
        secrets = {name: dict.fromkeys(keys, "x" * 32) for name, keys in EXPECTED_SECRETS.items()}
        secrets["fournil-redis"]["url"] = self.redis_url
        values = environment(rendered, self.box, secrets=secrets, pod_ip="127.0.0.1")
        self.environment = {name: self._here(value) for name, value in values.items()}

    def start(self) -> None:
        """Starts the Deployment's command in the image's working folder, with no variable of ours but PATH."""
        folder = assemble(self.service, self.root / "image")
        path = os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"])
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [expand(word, self.environment) for word in self.box["command"]],
                cwd=folder,
                env={**self.environment, "PATH": path},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def stop(self) -> None:
        """Makes sure that nothing is left."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def code(self) -> int | None:
        """Exit code; None while it runs."""
        assert self.process is not None
        return self.process.poll()

    @property
    def target(self) -> str:
        """gRPC target of its named port."""
        (port,) = [entry["containerPort"] for entry in self.box["ports"] if entry["name"] == "grpc"]
        return f"127.0.0.1:{self.ports[port]}"

    @property
    def grace_period(self) -> float:
        """Seconds until the kubelet would kill it."""
        return float(pod_spec(self.workload)["terminationGracePeriodSeconds"])

    def log_text(self) -> str:
        """Its log so far."""
        return self.log.read_text(encoding="utf-8")

    def said(self) -> list[str]:
        """Messages of its log so far."""
        lines = self.log_text().splitlines()
        return [str(json.loads(line)["message"]) for line in lines if line.startswith("{")]

    def _here(self, value: str) -> str:
        """A value of the cluster as it is on this machine."""
        if value.startswith("dns:///"):
            return f"127.0.0.1:{free_port()}"
        for port, ours in self.ports.items():
            if value in {f"0.0.0.0:{port}", f"127.0.0.1:{port}"}:
                return f"127.0.0.1:{ours}"
        if value.startswith("/app/"):
            return str(self.root / "image" / value.lstrip("/"))
        for mount in self.box.get("volumeMounts", []):
            if value == f"file://{mount['mountPath']}":
                return (self.root / mount["name"]).as_uri()
        return value


def ask(channel: grpc.Channel, probe: Manifest) -> int | None:
    """One gRPC probe; None when there is no answer in its time."""
    request = health_pb2.HealthCheckRequest(service=probe["grpc"].get("service", ""))
    try:
        answer = health_pb2_grpc.HealthStub(channel).Check(request, timeout=probe["timeoutSeconds"])
        return int(answer.status)
    except grpc.RpcError:
        return None


def wait_serving(pod: Pod, channel: grpc.Channel, probe: Manifest) -> None:
    """Probes until SERVING, as often as the kubelet would before it gave up."""
    tries = range(probe.get("failureThreshold", 3))
    for _ in tries:
        if ask(channel, probe) == SERVING:
            return
        assert pod.code() is None, pod.log_text()
        time.sleep(probe["periodSeconds"])
    raise AssertionError(f"{pod.service} does not serve {probe['grpc']}:\n{pod.log_text()}")


def other_ports(pod: Pod) -> dict[str, int]:
    """HTTP status by name of every port that is not gRPC's."""
    paths = {"metrics": "/metrics", "http": "/healthz"}
    statuses = {}
    for port in pod.box["ports"]:
        if port["name"] != "grpc":
            url = f"http://127.0.0.1:{pod.ports[port['containerPort']]}{paths[port['name']]}"
            with urllib.request.urlopen(url, timeout=10) as answer:
                statuses[port["name"]] = answer.status
    return statuses


@dataclass
class Life:
    """What one service did from its start to its end. `trouble` is what went wrong, if anything."""

    pod: Pod
    statuses: dict[str, int] = field(default_factory=dict)
    drained: float = 0.0
    """Seconds from SIGTERM to the end of the process."""
    trouble: Exception | None = None

    async def play(self) -> None:
        """Starts it, probes it, and stops it; what raises is kept for the test of this service."""
        try:
            await self._play(probes(self.pod.box))
        except Exception as error:
            self.trouble = error
        finally:
            self.pod.stop()

    async def _play(self, found: dict[str, Manifest]) -> None:
        pod, ready = self.pod, found["readinessProbe"]
        await asyncio.to_thread(pod.start)
        with grpc.insecure_channel(pod.target) as kubelet:
            # The others wait for the startup probe.
            for name in ("startupProbe", "readinessProbe", "livenessProbe"):
                await asyncio.to_thread(wait_serving, pod, kubelet, found[name])
            self.statuses = await asyncio.to_thread(other_ports, pod)
            # Another part of the mesh, watching this one's health as all of them do.
            async with open_channel(pod.target, service=ready["grpc"]["service"]) as peer, asyncio.timeout(120):
                peer.get_state(try_to_connect=True)
                await peer.channel_ready()

                assert pod.process is not None
                pod.process.send_signal(signal.SIGTERM)
                asked = time.monotonic()
                # Peers turn away and the kubelet is told, both by calls that are still taken.
                await peer.wait_for_state_change(grpc.ChannelConnectivity.READY)
                assert await asyncio.to_thread(ask, kubelet, ready) == NOT_SERVING
                assert pod.code() is None

                assert await asyncio.to_thread(pod.process.wait, pod.grace_period) == 0, pod.log_text()
        self.drained = time.monotonic() - asked


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory, valkey_server_url: str) -> dict[str, Life]:
    """Of all services, over one store."""
    made = {name: Life(Pod(name, tmp_path_factory.mktemp(name), valkey_server_url)) for name in SERVICES}

    async def all_of_them() -> None:
        await asyncio.gather(*(life.play() for life in made.values()))

    asyncio.run(all_of_them())
    return made


@pytest.fixture(params=SERVICES)
def life(request: pytest.FixtureRequest, lives: dict[str, Life]) -> Life:
    """Each service's in turn."""
    lived = lives[request.param]
    if lived.trouble is not None:
        raise lived.trouble
    return lived


def test_a_deployment_starts_serves_drains_and_ends(life: Life) -> None:
    assert life.drained >= float(life.pod.environment["FOURNIL_DRAIN_SECONDS"])
    last = [message for message in life.pod.said() if message in {"draining", "stopped"}]
    assert last == ["draining", "stopped"]


def test_every_other_port_of_a_deployment_answers(life: Life) -> None:
    assert "metrics" in life.statuses and set(life.statuses.values()) == {200}


def test_a_key_made_on_the_deployed_desk_is_known_to_it(tmp_path: Path, valkey_url: str) -> None:
    """What docs/deploy.md does by `kubectl exec` after the first rollout."""
    pod = Pod("quota", tmp_path, valkey_url)
    try:
        pod.start()
        with grpc.insecure_channel(pod.target) as channel:
            wait_serving(pod, channel, probes(pod.box)["startupProbe"])
            request = admin_pb2.CreateKeyRequest(account_id="alice", tier="paid", reason="first key")
            key = admin_pb2_grpc.QuotaAdminServiceStub(channel).CreateKey(request, timeout=5).api_key
            question = quota_pb2.AuthenticateRequest(api_key=key)
            assert quota_pb2_grpc.QuotaServiceStub(channel).Authenticate(question, timeout=5).account_id == "alice"
    finally:
        pod.stop()


def test_the_store_keeps_its_promises(tmp_path: Path) -> None:
    """The StatefulSet's command on its configuration file: what was written outlives a kill; nothing is evicted;
    nobody gets in without the password."""
    rendered = render(K8S / "base")
    box = container(rendered.one("StatefulSet", "redis"))
    (name,) = [
        volume["configMap"]["name"]
        for volume in pod_spec(rendered.one("StatefulSet", "redis"))["volumes"]
        if "configMap" in volume
    ]
    config = tmp_path / "valkey.conf"
    config.write_text(rendered.one("ConfigMap", name)["data"]["valkey.conf"], encoding="utf-8")
    (mounted,) = [mount["mountPath"] for mount in box["volumeMounts"] if mount["name"] == "config"]
    binary, *words = (expand(word, {"REDIS_PASSWORD": "good-bread"}) for word in box["command"])
    assert binary == "valkey-server"
    port = free_port()
    here = ["--port", str(port), "--bind", "127.0.0.1"]
    assert box["workingDir"] in {mount["mountPath"] for mount in box["volumeMounts"] if mount["name"] == "data"}
    command = [find_binary(), *(word.replace(f"{mounted}/", f"{tmp_path}/") for word in words), *here]

    with redis.Redis(port=port, password="good-bread", socket_timeout=5) as client:
        process = _start_store(command, tmp_path, client)
        try:
            promised = {"maxmemory-policy": "noeviction", "appendonly": "yes", "appendfsync": "everysec"}
            assert client.config_get(*promised) == promised
            with (
                redis.Redis(port=port, socket_timeout=5) as stranger,
                pytest.raises(redis.AuthenticationError),
            ):
                stranger.ping()
            client.set("loaf", "baked")
            # WAITAOF returns when the append-only file holds the write, which `everysec` promises soon.
            assert client.waitaof(1, 0, 5_000)[0] == 1
            process.kill()
            process.wait()
            process = _start_store(command, tmp_path, client)
            assert client.get("loaf") == b"baked"
        finally:
            process.kill()
            process.wait()


def _start_store(command: list[str], folder: Path, client: redis.Redis) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for tries in itertools.count():
        try:
            client.ping()
            return process
        except redis.ConnectionError:
            assert tries < 100 and process.poll() is None, "the store does not start on its configuration"
            time.sleep(0.05)
    raise AssertionError("unreachable")
