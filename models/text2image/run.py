"""A training run: what a checkpoint holds, one optimiser step, and the loop around it.

What a step does depends on its number alone: its batch, its noise, its learning rate, which is warm, then flat,
then falls to zero. So a run that was killed at any moment goes on from its last checkpoint to the same weights.
"""

import dataclasses
import json
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn
from tqdm import tqdm

from models.text2image.graph import GraphedGradients
from models.text2image.model import ModelConfig, PictureModel
from models.text2image.noising import Noised, loss_of
from models.text2image.warm_start import exported_weights
from services.runtime.nvml import energy_counter

FOR_TRAINING = ("say.",)
"""Parameters that only training needs: model folders do not have them."""
LONGEST_STEP = 10.0
"""Seconds a step counts at most: a process that was stopped and continued has not trained meanwhile."""


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """Times in minutes as named; rates per step; `keep_at` in shares of the steps."""

    batch: int = 16
    part: int = 8  # rows a CPU worker takes at a time; divides the batch
    workers: int = os.cpu_count() or 1
    rate: float = 8e-4
    warm_steps: int = 150
    decay_from: float = 0.55  # share of the steps after which the rate falls
    weight_decay: float = 0.01
    average: float = 0.998  # of the exponential moving average of weights, a step
    grid_minutes: float = 5.0
    save_minutes: float = 2.0
    keep_at: tuple[float, ...] = (0.05, 0.1, 0.2, 0.4, 0.7)  # when weights are kept for the curve of cost
    seed: int = 7


@dataclasses.dataclass(frozen=True)
class Purpose:
    """What a run is for, and how its model is meant to be drawn with."""

    kind: str = "training"
    steps: int = 20
    guidance: float = 3.0


def rate_share(step: int, steps: int, config: TrainConfig) -> float:
    """The learning rate of a step, 0 to `steps` - 1, as a share of its peak."""
    warm = min(1.0, (step + 1) / config.warm_steps)
    return warm * min(1.0, (1.0 - step / steps) / (1.0 - config.decay_from))


def training_device() -> torch.device:
    """CUDA where it is, else the CPU, on which workers split the batch instead of torch splitting operations."""
    torch.set_num_threads(1)
    torch.backends.cudnn.benchmark = True
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def device_name(device: torch.device) -> str:
    """What a run's record calls the device."""
    return torch.cuda.get_device_name() if device.type == "cuda" else f"{os.cpu_count()} CPU cores"


def earlier_runs(checkpoint: Path) -> list[dict[str, object]]:
    """The runs that made the weights which the checkpoint's run began with."""
    runs: list[dict[str, object]] = torch.load(checkpoint, map_location="cpu", weights_only=True)["earlier_runs"]
    return runs


class Run:
    """Weights, their average, the optimiser, and how far it has come."""

    def __init__(
        self, config: TrainConfig, model_config: ModelConfig, device: torch.device, purpose: Purpose
    ) -> None:
        torch.manual_seed(config.seed)
        self.config, self.model_config, self.device, self.purpose = config, model_config, device, purpose
        self.model = PictureModel(model_config).to(device, memory_format=torch.channels_last)
        self.average = PictureModel(model_config).to(device, memory_format=torch.channels_last)
        self.average.load_state_dict(self.model.state_dict())
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(),
            config.rate,
            betas=(0.9, 0.99),
            weight_decay=config.weight_decay,
            fused=device.type == "cuda",
        )
        self.step, self.pictures, self.seconds, self.loss = 0, 0, 0.0, 0.0
        self.joules = 0.0
        self.graph: GraphedGradients | None = None
        self.earlier: list[dict[str, object]] = []
        self.workers = ThreadPoolExecutor(config.workers) if device.type == "cpu" else None

    def begin_with(self, folder: Path) -> None:
        """Take the weights of an exported model folder and its record of earlier runs; all else is new.

        Raises ValueError if the shapes differ.
        """
        facts = json.loads((folder / "unet" / "config.json").read_text(encoding="utf-8"))
        weights = exported_weights(folder / "unet" / "model.onnx")
        missing, unexpected = self.model.load_state_dict(weights, strict=False)
        strange = [name for name in missing if not name.startswith(FOR_TRAINING)] + unexpected
        if strange:
            raise ValueError(f"{folder} is of another shape of model: {strange}")
        self.average.load_state_dict(self.model.state_dict())
        self.earlier = facts["training_runs"]

    def record(self) -> list[dict[str, object]]:
        """What went into the weights: one entry a run, the last one this."""
        run: dict[str, object] = {
            "kind": self.purpose.kind,
            "pictures": self.pictures,
            "minutes": round(self.seconds / 60, 1),
            "device": device_name(self.device),
        }
        if self.joules:
            run["gpu_kilojoules"] = round(self.joules / 1000, 1)
        return [*self.earlier, run]

    def keep(self, path: Path) -> None:
        """Write what `export` needs of the run so far: averaged weights as float16, and their record."""
        torch.save({**self._told(), "average": {n: w.half() for n, w in self.average.state_dict().items()}}, path)

    def _told(self) -> dict[str, object]:
        return {
            "model_config": dataclasses.asdict(self.model_config),
            "training_runs": self.record(),
            "purpose": dataclasses.asdict(self.purpose),
        }

    def save(self, path: Path) -> None:
        """Write the checkpoint; a kill at any moment leaves the old one or the new one, whole."""
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "progress": (self.step, self.pictures, self.seconds, self.loss, self.joules),
            "earlier_runs": self.earlier,
            **self._told(),
        }
        part = path.with_suffix(".part")
        torch.save(state, part)
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(path)

    def resume(self, path: Path) -> None:
        """Continue from the checkpoint at `path`."""
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.pictures, self.seconds, self.loss, self.joules = state["progress"]
        self.earlier = state["earlier_runs"]

    def _part_gradients(self, rows: Noised) -> tuple[float, tuple[Tensor, ...]]:
        torch.set_num_threads(1)
        loss = loss_of(self.model, rows)
        return loss.item(), torch.autograd.grad(loss, list(self.model.parameters()))

    def set_gradients(self, rows: Noised) -> float:
        """Leave the mean gradient of all rows on the parameters; returns the loss.

        On a CPU the batch is cut in small parts that one-thread workers take as they get free: on a busy
        machine that is twice as fast as splitting every operation over the cores, which waits each time
        for the slowest core. Parts are added in order, so the result does not depend on the timing.
        """
        if self.workers is None:
            self.graph = self.graph or GraphedGradients(self.model, rows)
            return self.graph(rows).item()
        size = self.config.part
        cuts = [rows.rows(slice(start, start + size)) for start in range(0, len(rows.t), size)]
        results = list(self.workers.map(self._part_gradients, cuts))
        for parameter, *parts in zip(
            self.model.parameters(), *(gradients for _, gradients in results), strict=True
        ):
            parameter.grad = torch.stack(parts).mean(dim=0)
        return sum(loss for loss, _ in results) / len(results)

    def take_step(self, rows: Noised, steps: int) -> float:
        """One optimiser step of `steps` in all; returns the loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.config.rate * rate_share(self.step, steps, self.config)
        loss = self.set_gradients(rows)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        self.pictures += len(rows.t)
        keep = min(self.config.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            slow, fast = list(self.average.parameters()), list(self.model.parameters())
            get_ema_multi_avg_fn(keep)(slow, fast, 0)
        return loss

    def learn(
        self, steps: int, rows_of: Callable[[int], Noised], checkpoint: Path, look: Callable[[str], None]
    ) -> None:
        """Goes on to `steps` steps in all with the batches that `rows_of` gives by number, under a progress bar;
        writes the checkpoint and calls `look(name)` now and then and at the end. Weights kept on the way stand
        beside the checkpoint as at-STEP.pt, those of the end as final.pt."""
        config = self.config
        counter = energy_counter(self.device.index or 0) if self.device.type == "cuda" else None
        drawn = counter() if counter else 0.0
        marks = {max(1, round(share * steps)) for share in config.keep_at}
        next_look = self.seconds + 60 * min(2.0, config.grid_minutes)
        next_save = self.seconds + 60 * config.save_minutes
        title = f"{self.purpose.kind} on {self.device}"
        with tqdm(total=steps, initial=self.step, desc=title, unit="step", mininterval=2) as bar:
            while self.step < steps:
                began = time.monotonic()
                loss = self.take_step(rows_of(self.step), steps)
                self.loss = loss if self.loss == 0 else self.loss + 0.02 * (loss - self.loss)
                self.seconds += min(time.monotonic() - began, LONGEST_STEP)
                if counter:
                    before, drawn = drawn, counter()
                    self.joules += drawn - before
                bar.set_postfix(loss=f"{self.loss:.4f}", pictures=self.pictures, refresh=False)
                bar.update()
                if self.step in marks:
                    self.keep(checkpoint.with_name(f"at-{self.step:06d}.pt"))
                if self.seconds >= next_save:
                    self.save(checkpoint)
                    next_save = self.seconds + 60 * config.save_minutes
                if self.seconds >= next_look:
                    look(f"grid-{self.step:06d}")
                    next_look = self.seconds + 60 * config.grid_minutes
        self.save(checkpoint)
        self.keep(checkpoint.with_name("final.pt"))
        look("grid-final")
