"""Our server: the generator's real gRPC service, oven and batcher over a model whose step is the device.

python -m bench.oven.ours PORT
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.oven.curve import CAP, call_seconds
from bench.oven.device import Device
from bench.traffic.meter import VARIABLE, Meter
from fournil.generator.v1 import generator_pb2_grpc
from services.generator.batcher import Batcher
from services.generator.buckets import sizes
from services.generator.capacity import Capacity
from services.generator.families.interface import Array, Facts, Reading, Wish
from services.generator.families.kept import Cells
from services.generator.oven import Oven
from services.generator.pace import Pace
from services.generator.server import GeneratorServicer
from services.generator.warmth import Warmth
from services.runtime.process import ServiceProcess
from services.runtime.settings import Environment, ProcessSettings

SERVICE = "fournil.generator.v1.GeneratorService"
MODEL = "emulated"
SIZE = 64
"""Pixels of an edge: as small as the service allows, since pictures are no part of what is measured."""
MOST = 4096
"""Pictures admitted at once. The peers' queues have no end within a run either."""
CURVE = {rows: call_seconds(rows) for rows in sizes(CAP)}
"""What a generator sees of the curve while warming up."""
PAID_SECONDS = "FOURNIL_PAID_SECONDS"


def new_batcher(promise: float) -> Batcher:
    """The scheduling that is measured. The one place that knows how it is built."""
    return Batcher({MODEL: Capacity.found(CURVE, CAP, promise)}, MOST)


@dataclass(slots=True)
class EmulatedCanvas:
    """A picture that only counts its calls."""

    steps: int
    done: int = 0
    key: str = "all"
    rows: int = 1

    @property
    def finished(self) -> bool:
        """Whether all calls were made."""
        return self.done == self.steps


class EmulatedModel:
    """A model of the oven whose step is the device, and whose pictures are grey. One row a picture."""

    def __init__(self, device: Device) -> None:
        self.facts = Facts(
            name=MODEL,
            family="emulated",
            width=SIZE,
            height=SIZE,
            output_width=SIZE,
            output_height=SIZE,
            unit=1,
            smallest=SIZE,
            largest=SIZE,
            most_pixels=SIZE**2,
            square=True,
            default_steps=8,
            default_guidance=1.0,
            takes_negative=False,
            takes_guidance=False,
            takes_source=False,
            provider="emulated",
            sha256="",
            most_rows=CAP,
        )
        self._device = device

    def unload(self) -> None:
        """Nothing: it holds nothing."""

    def load(self) -> None:
        """Nothing."""

    def calls(self, steps: int, strength: float | None = None) -> int:
        """As many."""
        return steps

    def rows(self, guidance: float) -> int:
        """One."""
        return 1

    def encode(self, prompt: str, negative: str | None) -> None:
        """Nothing."""

    def read(self, picture: Array, anew: Cells | None = None) -> Reading:
        """Raises ValueError."""
        raise ValueError("starts from noise only")

    def start(self, wish: Wish, index: int, conditioning: None, base: Reading | None = None) -> EmulatedCanvas:
        """A picture to count for."""
        return EmulatedCanvas(wish.steps)

    def step(self, canvases: Sequence[EmulatedCanvas]) -> None:
        """One call of the device."""
        self._device.call(len(canvases))
        for canvas in canvases:
            canvas.done += 1

    def rough(self, canvas: EmulatedCanvas) -> Array:
        """Grey, float32[3,64,64]."""
        return np.zeros((3, SIZE, SIZE), np.float32)

    def picture(self, canvas: EmulatedCanvas) -> Array:
        """Grey."""
        return self.rough(canvas)

    def warm_up(self) -> Warmth:
        """What the curve says; nothing is run."""
        return Warmth(CURVE, 0.0)


async def serve(port: int, device: Device) -> None:
    """Serves on loopback until SIGTERM."""
    quick = {"FOURNIL_DRAIN_SECONDS": "0", "FOURNIL_GRACE_SECONDS": "1"}
    listen, nobody = f"127.0.0.1:{port}", "127.0.0.1:0"
    settings = ProcessSettings.read("generator", Environment(quick), default_listen=listen, default_metrics=nobody)
    models = {MODEL: EmulatedModel(device)}
    oven = Oven(models, new_batcher(float(os.environ.get(PAID_SECONDS, "inf"))), Pace())
    process = ServiceProcess(settings)
    servicer = GeneratorServicer(oven, models)
    process.add(generator_pb2_grpc.add_GeneratorServiceServicer_to_server, servicer, SERVICE)
    await process.serve(background=[oven.run], close=[oven.close])


def main() -> None:
    """Entry point."""
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(serve(int(sys.argv[1]), Device(Meter(Path(os.environ[VARIABLE])))))


if __name__ == "__main__":
    main()
