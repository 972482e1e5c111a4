"""What the edge costs: time from request to picture through the whole mesh against the generator called directly.

One mesh, one generator, the shipped model at its usual four steps and at twenty. The two ways alternate in short
rounds, so that a machine that slows down slows both. "Direct" is `GeneratorService.Generate` and nothing else:
no key, no allowance, no line, no moderation, no storage, no charge. The ratio is the median time through the mesh
over the median time direct; 1.0 would mean that all of that is free. On one machine everything shares the cores,
the moderator's look at every finished picture above all.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from rich.progress import track

from fournil.client import Fournil
from fournil.generator.v1 import generator_pb2, generator_pb2_grpc
from services.local_mesh.mesh import LocalMesh
from services.local_mesh.ports import Ports

REPO = Path(__file__).resolve().parents[2]
PROMPT = "a red apple on a blue background"
GOALS = {(4, 1): 2.0, (4, 16): 1.5, (20, 1): 1.5, (20, 16): 1.25}
"""Highest ratio we accept by (steps, concurrency). One picture alone cannot hide the walk's waits behind baking,
and what the mesh adds a picture is the same however short the baking."""


def rows(pictures: int) -> list[dict[str, object]]:
    """One row a case; `pictures` each way at each concurrency."""
    with tempfile.TemporaryDirectory(prefix="fournil-bench-") as folder:
        extra = {"FOURNIL_LOG_LEVEL": "WARNING"}
        mesh = LocalMesh(Path(folder), Ports.any(), REPO / "models" / "weights", extra)
        try:
            mesh.start()
            return [_compare(mesh, *case, pictures) for case in GOALS]
        finally:
            mesh.stop()


def _compare(mesh: LocalMesh, steps: int, concurrency: int, pictures: int) -> dict[str, object]:
    """Median seconds a picture each way, over `pictures` in alternating rounds of `concurrency`."""
    rounds = pictures // concurrency
    ways: dict[str, list[float]] = {"mesh": [], "direct": []}
    with (
        Fournil(mesh.target, api_key=mesh.keys["paid"]) as client,
        grpc.insecure_channel(f"127.0.0.1:{mesh.ports.generator}") as channel,
        ThreadPoolExecutor(concurrency) as pool,
    ):
        oven = generator_pb2_grpc.GeneratorServiceStub(channel)
        draw: dict[str, Callable[[int], float]] = {
            "mesh": lambda seed: _through_mesh(client, seed, steps),
            "direct": lambda seed: _direct(oven, seed, steps),
        }
        for way in draw.values():
            way(0)
        for number in track(range(rounds), description=f"{steps} steps, concurrency {concurrency}"):
            for name in ("mesh", "direct") if number % 2 else ("direct", "mesh"):
                ways[name] += pool.map(draw[name], range(number * concurrency, (number + 1) * concurrency))
    ours, other = statistics.median(ways["mesh"]), statistics.median(ways["direct"])
    goal = GOALS[steps, concurrency]
    return {
        "name": f"request to picture, {steps} steps, concurrency {concurrency}: mesh / generator alone",
        "ours": round(ours, 4),
        "other": round(other, 4),
        "ratio": round(ours / other, 3),
        "goal": f"<= {goal}",
        "holds": ours / other <= goal,
    }


def _through_mesh(client: Fournil, seed: int, steps: int) -> float:
    started = time.perf_counter()
    job = client.draw(PROMPT, seed=seed, steps=steps, previews=0)
    for _ in client.watch(job.id):
        pass
    client.image(job.id, 0)
    return time.perf_counter() - started


def _direct(oven: generator_pb2_grpc.GeneratorServiceStub, seed: int, steps: int) -> float:
    started = time.perf_counter()
    request = generator_pb2.GenerateRequest(
        job_id="bench", model="fournil-mini", prompt=PROMPT, count=1, seed=seed, steps=steps
    )
    for _ in oven.Generate(request, timeout=120):
        pass
    return time.perf_counter() - started
