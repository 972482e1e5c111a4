"""One mesh for all clients; each client plays all scenes in one process, through a proxy a scene. A few clients
play at the same time: mostly they wait."""

import io
import json
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.conformance.environments import CACHE, HERE, Client, clients
from tests.conformance.proxy import RecordingProxy
from tests.e2e.conftest import SupervisedMesh

UNFIT = "explicit sex scene, naked couple having intercourse, pornographic photo"
TEXTS = {
    "a crab beside a boat on a beach": False,
    "a knife stabbing a woman, blood everywhere": True,
    "un crabe à côté d'une barque sur la plage": False,
    "un couteau poignarde un homme, du sang partout": True,
}
"""What the moderator is asked about, and whether it flags it."""
TIERS = {
    "quota": "free", "quota_once": "free", "quota_heeded": "free", "refusal": "free", "moderations": "free",
    "overload": "hasty", "overload_heeded": "hasty",
}  # fmt: skip
SCENES = (
    "b64", "url", "alias", "stream", "stream_refused", "refusal", "quota", "quota_once", "quota_heeded",
    "overload", "overload_heeded", "rejoin", "edit", "mask", "models", "moderations",
)  # fmt: skip
CUT_AFTER = 0.05
"""Seconds after which the first connection of "rejoin" is reset."""
LONGEST = 240.0
"""Seconds for all scenes of a client: none may hang."""
AT_ONCE = 3
"""Clients that play at the same time."""


@dataclass
class Seen:
    """What one client saw of one scene, and what it cost."""

    told: dict[str, Any]
    attempts: list[str]
    used: int
    held: int
    jobs: list[dict[str, Any]] = field(default_factory=list)
    cut: int = 0


@pytest.fixture(scope="session")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SupervisedMesh]:
    """A mesh under a policy in which every refusal can be had at once."""
    # Some scenes are of one attempt: a busy machine must not make it the one at which the store was slow.
    patient = {"FOURNIL_REDIS_BUDGET_MS": "5000"}
    supervised = SupervisedMesh(tmp_path_factory.mktemp("conformance"), policy=HERE / "policy.toml", **patient)
    try:
        supervised.start()
        yield supervised
    finally:
        supervised.stop()


@pytest.fixture(scope="session")
def all_seen(
    request: pytest.FixtureRequest, mesh: SupervisedMesh
) -> Iterator[Callable[[Client], dict[str, Seen]]]:
    """Waits for what a client saw; all that are asked for play from the first question on. At the end all that was
    seen is kept for `report`."""
    asked = {client.name: client for client in _asked_for(request.session.items) if client.ready}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        playing = {name: pool.submit(_play, client, mesh) for name, client in asked.items()}
        yield lambda client: playing[client.name].result()
        pool.shutdown(cancel_futures=True)
    notes = {
        name: {
            "version": _version(asked[name]),
            "scenes": {scene: {**vars(one), "jobs": len(one.jobs)} for scene, one in played.result().items()},
        }
        for name, played in playing.items()
        if not played.cancelled() and played.exception() is None
    }
    CACHE.mkdir(parents=True, exist_ok=True)
    (CACHE / "seen.json").write_text(json.dumps(notes, indent=1), encoding="utf-8")


def _asked_for(items: Iterable[pytest.Item]) -> list[Client]:
    """The clients of the tests that are to be run, in order."""
    found = [
        item.callspec.params.get("seen")
        for item in items
        if isinstance(item, pytest.Function) and hasattr(item, "callspec")
    ]
    return [client for client in clients() if client in found]


@pytest.fixture(params=clients(), ids=lambda client: client.name)
def seen(request: pytest.FixtureRequest, all_seen: Callable[[Client], dict[str, Seen]]) -> dict[str, Seen]:
    """What one client saw of every scene."""
    client: Client = request.param
    if not client.ready:
        pytest.skip(f"{client.name} is not installed here: make conformance")
    return all_seen(client)


def told(seen: dict[str, Seen], scene: str) -> Seen:
    """What was seen of a scene; skips where the client has no call for it."""
    one = seen[scene]
    if "lacks" in one.told:
        pytest.skip(f"it has no call for {one.told['lacks']}")
    return one


def _play(client: Client, mesh: SupervisedMesh) -> dict[str, Seen]:
    client.prepare()
    upstream = mesh.local.ports.edge_http
    keys = {scene: mesh.new_key(TIERS.get(scene, "paid")) for scene in SCENES}
    proxies = {
        scene: RecordingProxy(upstream, cut_after=CUT_AFTER if scene == "rejoin" else None) for scene in SCENES
    }
    scenes = {scene: {"url": f"http://127.0.0.1:{proxies[scene].port}/v1", "key": keys[scene]} for scene in SCENES}
    pictures = {"picture": _picture().hex(), "mask": _mask().hex()}
    script = {"scenes": scenes, "refused": UNFIT, "texts": list(TEXTS), **pictures}
    try:
        done = subprocess.run(
            client.command, input=json.dumps(script), capture_output=True, text=True, timeout=LONGEST, check=False
        )
        assert done.returncode == 0, f"{client.name}: {done.stderr[-2_000:]}"
    finally:
        for proxy in proxies.values():
            proxy.close()
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"scene"')]
    by_scene = {line["scene"]: line for line in lines}
    assert set(by_scene) == set(SCENES), done.stderr[-2_000:]
    return {scene: _seen(by_scene[scene], proxies[scene], keys[scene], mesh) for scene in SCENES}


def _seen(said: dict[str, Any], proxy: RecordingProxy, key: str, mesh: SupervisedMesh) -> Seen:
    headers = {"authorization": f"Bearer {key}"}
    with httpx.Client(base_url=mesh.local.page, headers=headers, timeout=20) as web:
        limit = time.monotonic() + 30
        while (left := web.get("/v1/me/allowance").json())["held"] and time.monotonic() < limit:
            time.sleep(0.2)
        jobs = web.get("/v1/jobs").json()["jobs"]
    return Seen(said, list(proxy.attempts), left["used"], left["held"], jobs, proxy.cut)


def _version(client: Client) -> str:
    if client.kind == "npm":
        package = client.folder / "node_modules" / client.version_of / "package.json"
        return str(json.loads(package.read_text(encoding="utf-8"))["version"])
    asked = f"import importlib.metadata as m; print(m.version({client.version_of!r}))"
    command = [client.command[0], "-c", asked]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.strip()


def _picture() -> bytes:
    """Red above blue."""
    return _png(_red_above_blue())


def _mask() -> bytes:
    """The same, its left half transparent: that is to be drawn anew."""
    image = _red_above_blue().convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 32, 64))
    return _png(image)


def _red_above_blue() -> Image.Image:
    image = Image.new("RGB", (64, 64), (30, 60, 200))
    image.paste((200, 40, 30), (0, 0, 64, 32))
    return image


def _png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()
