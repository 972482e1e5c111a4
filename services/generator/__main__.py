"""`python -m services.generator`: reads settings, loads and warms the models, serves, reports to the desk.

| variable | default | meaning |
|---|---|---|
| `FOURNIL_MODELS` | `models/weights` here | its subfolders with a `model_index.json` are the models |
| `FOURNIL_QUOTA` | required | gRPC target of the desk |
| `FOURNIL_ADVERTISE` | `127.0.0.1:` and the port | host:port at which edges reach this replica |
| `FOURNIL_SLOTS` | 0 | pictures the desk may send at once; 0 is half as many again as a call holds, 4 at least |
| `FOURNIL_BATCH` | 0 | rows a call of the model, 2 with guidance a picture; 0 is found by warming up |
| `FOURNIL_PAID_SECONDS` | 0 | seconds to bake a paid picture in, by smaller calls if need be (0012); 0: any |
| `FOURNIL_OVEN_WAIT` | 60 | seconds of work ahead of a job beyond which it is not taken in |
| `FOURNIL_THREADS` | all cores it may use | threads of one call of the model; see also `lanes.py` |
| `FOURNIL_PROVIDERS` | best first | of `tensorrt`, `cuda`, `openvino`, `cpu`: those to try, in this order |
| `FOURNIL_CACHE` | `fournil` in the user's cache | where TensorRT's engines are kept |
| `FOURNIL_MODEL_MEMORY` | 0 | MiB of models in memory at once, by their files; 0 is all (docs/decisions/0014) |

and the variables every service shares (`services/runtime/settings.py`).
"""

from __future__ import annotations

import logging
import math
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnxruntime

from fournil.generator.v1 import generator_pb2_grpc
from services.generator import providers
from services.generator.batcher import Batcher
from services.generator.capacity import Capacity, usual_slots
from services.generator.energy import EnergyBook
from services.generator.engines import cache_folder, compute_capability, engines_here
from services.generator.families.interface import Model
from services.generator.heartbeat import GrpcDesk, Heartbeat, Report
from services.generator.oven import Oven
from services.generator.pace import Pace
from services.generator.recipe import MOST_PICTURES
from services.generator.residency import Residency
from services.generator.server import GeneratorServicer
from services.generator.shelf import MIB, load_models
from services.runtime.channels import open_channel
from services.runtime.nvml import energy_counter
from services.runtime.process import ServiceProcess, run
from services.runtime.settings import Environment, ProcessSettings, SettingsError, split_address

log = logging.getLogger("fournil.generator")

SERVICE = "fournil.generator.v1.GeneratorService"
DESK = "fournil.quota.v1.QuotaService"
MOST_CALLS = 256
"""Calls at once. Those beyond what the oven admits are refused; those that only read hold their pictures."""


@dataclass(frozen=True)
class GeneratorSettings:
    """Everything the service reads from its environment."""

    process: ProcessSettings
    models: Path
    quota: str
    advertise: str
    slots: int
    batch: int
    paid_seconds: float
    most_wait: float
    threads: int
    providers: Sequence[str]
    cache: Path
    model_memory: int
    """Bytes."""

    @staticmethod
    def read(env: Environment) -> GeneratorSettings:
        """Raises SettingsError on a bad variable."""
        advertise = env.text("FOURNIL_ADVERTISE", "")
        if advertise:
            split_address(advertise)
        return GeneratorSettings(
            process=ProcessSettings.read(
                "generator",
                env,
                default_listen="0.0.0.0:50053",
                default_metrics="0.0.0.0:9093",
                max_receive_bytes=6 << 20,  # with the picture that a job starts from, and its mask
                max_concurrent_calls=MOST_CALLS,
            ),
            models=env.folder("FOURNIL_MODELS", Path(__file__).parents[2] / "models" / "weights"),
            quota=env.text("FOURNIL_QUOTA"),
            advertise=advertise,
            slots=env.integer("FOURNIL_SLOTS", 0, low=0, high=1024),
            batch=env.integer("FOURNIL_BATCH", 0, low=0, high=256),
            paid_seconds=env.number("FOURNIL_PAID_SECONDS", 0.0, low=0.0, high=3600.0) or math.inf,
            most_wait=env.seconds("FOURNIL_OVEN_WAIT", 60.0, low=0.1, high=3600.0),
            threads=env.integer("FOURNIL_THREADS", cores(), low=1, high=256),
            providers=provider_names(env.text("FOURNIL_PROVIDERS", "")),
            cache=cache_folder(env.text("FOURNIL_CACHE", ""), env.values),
            model_memory=env.integer("FOURNIL_MODEL_MEMORY", 0, low=0, high=1 << 24) * MIB,
        )


def most_pictures(slots: int) -> int:
    """Pictures admitted at once. The desk sends up to the slots and one job more; as much again is room for turns
    that overlap because an edge was lost."""
    return 2 * (slots + MOST_PICTURES)


def cores() -> int:
    """Cores this process may use, where the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def provider_names(names: str) -> list[str]:
    """Raises SettingsError."""
    try:
        return providers.named(names)
    except ValueError as error:
        raise SettingsError(f"FOURNIL_PROVIDERS {error}") from None


def execution_of(settings: GeneratorSettings) -> providers.Execution:
    """How graphs are run with these settings on this machine."""
    tried = providers.order(onnxruntime.get_available_providers(), settings.providers)
    engines = None
    if providers.TENSORRT in tried:
        engines = engines_here(settings.cache, onnxruntime.__version__, compute_capability(providers.DEVICE))
    return providers.Execution(settings.threads, settings.providers, engines)


def warm_up(
    model: Model[Any, Any], capacities: dict[str, Capacity], pace: Pace, batch: int | None, paid_seconds: float
) -> None:
    """What the model can hold once it is warm, into `capacities`, and a first measure of the pace. `batch` fixes
    the rows of a call, `paid_seconds` is the promise of a `Capacity`. Raises FolderError if it does not run."""
    facts, warmth = model.facts, model.warm_up()
    capacity = capacities[facts.name] = Capacity.found(warmth.seconds, batch, paid_seconds)
    rows, width = capacity.rows, model.rows(facts.default_guidance)
    pace.measured(warmth.seconds[rows], rows / width / model.calls(facts.default_steps))
    spent = {f"{count}": round(seconds, 4) for count, seconds in warmth.seconds.items()}
    seen = {"call_seconds": spent, "company_difference": warmth.difference, "batch": rows}
    known = {"family": facts.family, "provider": facts.provider, "sha256": facts.sha256}
    log.info("model ready", extra={"model": facts.name, **seen, **known})


async def serve(settings: GeneratorSettings) -> None:
    """Loads, warms, serves, and drains on SIGTERM."""
    pace, capacities, batch = Pace(), dict[str, Capacity](), settings.batch or None
    residency = Residency(settings.model_memory)
    models = load_models(
        settings.models,
        execution=execution_of(settings),
        most_rows=batch,
        residency=residency,
        check=lambda model: warm_up(model, capacities, pace, batch, settings.paid_seconds),
    )
    if not models:
        raise SettingsError("FOURNIL_MODELS: no model there could be loaded; the lines above say why")
    widths = {name: model.rows(model.facts.default_guidance) for name, model in models.items()}
    slots = settings.slots or usual_slots(max(capacities[name].rows // width for name, width in widths.items()))
    batcher = Batcher(capacities, most_pictures(slots), most_wait=settings.most_wait)
    on_gpu = any(model.facts.provider in providers.ON_GPU for model in models.values())
    energy = EnergyBook(energy_counter(device=0) if on_gpu else None)
    oven = Oven(models, batcher, pace, energy, residency)
    process = ServiceProcess(settings.process)
    generator_id = uuid.uuid4().hex

    def report() -> Report:
        address = settings.advertise or f"127.0.0.1:{process.port}"
        return Report(generator_id, address, sorted(models), slots, pace.picture_seconds)

    channel = open_channel(settings.quota, service=DESK)
    heartbeat = Heartbeat(GrpcDesk(channel), report)
    servicer = GeneratorServicer(oven, models)
    process.add(generator_pb2_grpc.add_GeneratorServiceServicer_to_server, servicer, SERVICE)
    await process.serve(
        background=[oven.run, heartbeat.run],
        before_drain=[heartbeat.drain],
        close=[oven.close, channel.close],
    )


def main() -> None:
    """Entry point."""

    async def start() -> None:
        await serve(GeneratorSettings.read(Environment(os.environ)))

    run("generator", start)


if __name__ == "__main__":
    main()
