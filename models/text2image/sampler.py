"""Draw with the exported model: onnxruntime and numpy only, no torch. Also a readable example of the format.

Flow-match Euler with classifier-free guidance: x starts as noise at t = 1 and steps to t = 0 along the
velocity the graph gives, v = v_none + guidance · (v_prompt - v_none).
"""

import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnxruntime

from services.runtime.sentence_encoder import SentenceEncoder

Pixels = np.ndarray  # uint8[B, S, S, 3], sRGB


def flow_levels(steps: int, shift: float) -> np.ndarray:
    """float64[steps + 1]: noise levels from 1 to 0; a `shift` above 1 spends more steps near 1."""
    even = np.linspace(1.0, 0.0, steps + 1)
    return shift * even / (1.0 + (shift - 1.0) * even)


@dataclass(frozen=True)
class Settings:
    """`steps` and `guidance` of a drawing; a guidance of 1 asks the model once a step instead of twice."""

    steps: int
    guidance: float


class Sampler:
    """The model of one folder. Raises FileNotFoundError if a part is absent."""

    def __init__(self, folder: Path, encoder: SentenceEncoder, threads: int = 0) -> None:
        config = json.loads((folder / "unet" / "config.json").read_text(encoding="utf-8"))
        scheduler = json.loads((folder / "scheduler" / "scheduler_config.json").read_text(encoding="utf-8"))
        self.size = int(config["sample_size"])
        self.defaults = Settings(int(config["default_steps"]), float(config["default_guidance"]))
        self._shift = float(scheduler["shift"])
        self._encoder = encoder
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(
            str(folder / "unet" / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )

    def _velocity(
        self, x: np.ndarray, level: float, tokens: np.ndarray, mask: np.ndarray, pooled: np.ndarray
    ) -> np.ndarray:
        """float32[B, 3, S, S]: noise minus clean picture, as the model sees them."""
        feeds = {
            "sample": x,
            "timestep": np.full(len(x), level * 1000.0, np.float32),
            "encoder_hidden_states": tokens,
            "encoder_attention_mask": mask,
            "pooled": pooled,
        }
        return np.asarray(self._session.run(["out_sample"], feeds)[0])

    def draw(self, prompts: list[str], seeds: list[int], settings: Settings | None = None) -> Pixels:
        """One picture a prompt; the same prompt, seed and settings give the same picture in any batch."""
        chosen = settings or self.defaults
        encoded = self._encoder.encode(prompts)
        mask = encoded.mask.astype(np.float32)
        no_tokens, no_pooled = np.zeros_like(encoded.tokens), np.zeros_like(encoded.sentence)
        no_mask = np.zeros_like(mask)
        no_mask[:, 0] = 1.0
        shape = (3, self.size, self.size)
        x = np.stack([np.random.default_rng(seed).standard_normal(shape, np.float32) for seed in seeds])
        levels = flow_levels(chosen.steps, self._shift)
        for now, after in pairwise(levels):
            if chosen.guidance == 1.0:
                velocity = self._velocity(x, now, encoded.tokens, mask, encoded.sentence)
            else:
                both = self._velocity(
                    np.concatenate((x, x)),
                    now,
                    np.concatenate((encoded.tokens, no_tokens)),
                    np.concatenate((mask, no_mask)),
                    np.concatenate((encoded.sentence, no_pooled)),
                )
                asked, free = both[: len(x)], both[len(x) :]
                velocity = free + chosen.guidance * (asked - free)
            x = x + np.float32(after - now) * velocity
        return ((x.clip(-1.0, 1.0) + 1.0) * 127.5).round().astype(np.uint8).transpose(0, 2, 3, 1)
