"""`python -m services.moderator`: reads settings, loads the models, serves.

| variable | default | meaning |
|---|---|---|
| `REDIS_URL` | required | where refusals are recorded |
| `FOURNIL_MODELS` | `models/weights` of the checkout | folder of the shipped models |
| `FOURNIL_SCREEN_THREADS` | 2 | screenings that run at once |
| `FOURNIL_SCREEN_LINE` | 64 | screenings that may wait; more are refused as OVERLOADED |
| `FOURNIL_DECISION_DAYS` | 30 | how long a refusal can be read back |

and the variables every service shares (`services/runtime/settings.py`).
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from fournil.moderator.v1 import moderator_pb2_grpc
from services.moderator import screen
from services.moderator.decisions import Decisions
from services.moderator.image import ImageModel
from services.moderator.policy import Policy
from services.moderator.screening import Screener
from services.moderator.server import ModeratorServicer
from services.moderator.text import PromptModel
from services.moderator.workers import Workers
from services.runtime.process import ServiceProcess, run
from services.runtime.redis_link import RedisLink
from services.runtime.settings import Environment, ProcessSettings

SERVICE = "fournil.moderator.v1.ModeratorService"
RECORD_PATIENCE = 0.25
"""Seconds a refusal may wait for the store."""


@dataclass(frozen=True)
class ModeratorSettings:
    """Everything the service reads from its environment."""

    process: ProcessSettings
    redis_url: str
    weights: Path
    threads: int
    line: int
    keep_seconds: int

    @staticmethod
    def read(env: Environment) -> ModeratorSettings:
        """Raises SettingsError on a bad variable."""
        return ModeratorSettings(
            process=ProcessSettings.read(
                "moderator",
                env,
                default_listen="0.0.0.0:50052",
                default_metrics="0.0.0.0:9090",
                max_receive_bytes=16 << 20,
            ),
            redis_url=env.text("REDIS_URL"),
            weights=env.folder("FOURNIL_MODELS", Path(__file__).parents[2] / "models" / "weights"),
            threads=env.integer("FOURNIL_SCREEN_THREADS", 2, low=1, high=64),
            line=env.integer("FOURNIL_SCREEN_LINE", 64, low=0, high=10_000),
            keep_seconds=86_400 * env.integer("FOURNIL_DECISION_DAYS", 30, low=1, high=3650),
        )


def load(weights: Path) -> Screener:
    """Both models and their policy from the weights folder."""
    folder = weights / "prompt-moderator"
    pictures = ImageModel(weights / "image-moderator" / "model.onnx")
    return Screener(PromptModel.load(folder), pictures, Policy.load(folder / "policy.json"))


async def serve(settings: ModeratorSettings) -> None:
    """Loads, serves, and drains on SIGTERM."""
    link = RedisLink(settings.redis_url)
    workers = Workers(settings.threads, settings.line)
    decisions = Decisions(link, keep_seconds=settings.keep_seconds, patience=RECORD_PATIENCE, clock=time.time)
    process = ServiceProcess(settings.process)
    servicer = ModeratorServicer(load(settings.weights), workers, decisions)
    process.add(moderator_pb2_grpc.add_ModeratorServiceServicer_to_server, servicer, SERVICE)
    await process.serve(close=[workers.close, link.close])


def main() -> None:
    """Entry point; `screen` as the first argument screens a file instead of serving."""
    if sys.argv[1:2] == ["screen"]:
        sys.exit(screen.main(sys.argv[2:]))

    async def start() -> None:
        await serve(ModeratorSettings.read(Environment(os.environ)))

    run("moderator", start)


if __name__ == "__main__":
    main()
