"""Our server: the generator's real gRPC service, oven and batcher over a pipeline whose step is the device.

python -m bench.oven.ours PORT
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np

from bench.oven.curve import CAP
from bench.oven.device import Device
from bench.oven.meter import VARIABLE, Meter
from fournil.generator.v1 import generator_pb2_grpc
from services.generator.batcher import Batcher
from services.generator.folder import ModelFolder
from services.generator.oven import Oven
from services.generator.pace import Pace
from services.generator.pipeline import Canvas, Conditioning, Pipeline
from services.generator.recipe import Recipe
from services.generator.server import GeneratorServicer
from services.runtime.process import ServiceProcess
from services.runtime.settings import Environment, ProcessSettings

SERVICE = "fournil.generator.v1.GeneratorService"
MODEL = "emulated"
SIZE = 64
"""Pixels of an edge: as small as the service allows, since pictures are no part of what is measured."""
MOST = 4096
"""Pictures admitted at once. The peers' queues have no end within a run either."""
NOTHING = np.zeros((1, 1), np.float32)


def new_batcher() -> Batcher:
    """The scheduling that is measured. The one place that knows how it is built."""
    return Batcher(CAP, MOST)


class EmulatedPipeline:
    """What the oven and the servicer use of `Pipeline`. One row a picture: the recipe's guidance is 1."""

    def __init__(self, device: Device) -> None:
        nowhere = Path("emulated")
        self.folder = ModelFolder(
            name=MODEL, path=nowhere, encoder=nowhere, native_size=SIZE, output_size=SIZE, channels=3, token_dim=1,
            pooled_dim=1, default_steps=8, default_guidance=1.0, shift=1.0,
        )  # fmt: skip
        self._device = device

    def encode(self, prompt: str) -> Conditioning:
        """One token of nothing."""
        return Conditioning(NOTHING, NOTHING[0], NOTHING[0])

    def start(self, recipe: Recipe, index: int, prompt: Conditioning) -> Canvas:
        """A grey picture, float32[3,64,64], that stays grey."""
        levels = np.linspace(1.0, 0.0, recipe.steps + 1)
        return Canvas(np.zeros((3, SIZE, SIZE), np.float32), levels, recipe.guidance, prompt)

    def step(self, canvases: Sequence[Canvas]) -> None:
        """One call of the device."""
        self._device.call(len(canvases))
        for canvas in canvases:
            canvas.done += 1


async def serve(port: int, device: Device) -> None:
    """Serves on loopback until SIGTERM."""
    quick = {"FOURNIL_DRAIN_SECONDS": "0", "FOURNIL_GRACE_SECONDS": "1"}
    listen, nobody = f"127.0.0.1:{port}", "127.0.0.1:0"
    settings = ProcessSettings.read("generator", Environment(quick), default_listen=listen, default_metrics=nobody)
    pipelines = {MODEL: cast(Pipeline, EmulatedPipeline(device))}
    oven = Oven(pipelines, new_batcher(), Pace())
    process = ServiceProcess(settings)
    servicer = GeneratorServicer(oven, pipelines)
    process.add(generator_pb2_grpc.add_GeneratorServiceServicer_to_server, servicer, SERVICE)
    await process.serve(background=[oven.run], close=[oven.close])


def main() -> None:
    """Entry point."""
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(serve(int(sys.argv[1]), Device(Meter(Path(os.environ[VARIABLE])))))


if __name__ == "__main__":
    main()
