"""The curves: what was published, where, and what we made of it.

Nobody has published every pair. Three are measured at five or six batch sizes, SDXL on an L4 at two; of the others
only a picture alone is published, and how a call grows is then taken from the nearest model whose growth is
published. `derived` says so. FLUX and SD 1.5 on an L4 are left out: we found no figure whose conditions are
stated.
"""

from __future__ import annotations

from collections.abc import Mapping

from bench.fleet.curve import Curve, Recipe

SD_RECIPES = (Recipe("sd15", 20), Recipe("sd15", 30), Recipe("sd15", 50))
SDXL_RECIPES = (Recipe("sdxl", 20), Recipe("sdxl", 30), Recipe("sdxl", 50))
TURBO_RECIPES = (Recipe("sdxl-turbo", 1), Recipe("sdxl-turbo", 2), Recipe("sdxl-turbo", 4))
FLUX_RECIPES = (Recipe("flux-schnell", 4), Recipe("flux-dev", 28))

XSTABLE = "https://github.com/stochasticai/x-stable-diffusion"
LAMBDA = "https://github.com/LambdaLabsML/lambda-diffusers/blob/main/benchmarks/benchmark_H100_MIG.csv"
TENSORRT = "https://huggingface.co/stabilityai/stable-diffusion-xl-1.0-tensorrt"
DATADREAMER = "https://github.com/luxonis/datadreamer/pull/34"
BENCHMARK_FLUX = "https://github.com/varadrane1707/BenchmarkFlux"
SGLANG = "https://github.com/sgl-project/sglang/pull/22183"


def _each_step(totals: Mapping[int, float], steps: int) -> dict[int, float]:
    """Seconds of whole pictures, by pictures in the call, shared evenly between their steps."""
    return {count: seconds / steps for count, seconds in totals.items()}


def _grown(alone: float, growth: Mapping[int, float]) -> dict[int, float]:
    """A step of one picture, and `growth`: how many times as long a call of more takes."""
    return {1: alone, **{count: alone * factor for count, factor in growth.items()}}


SDXL_L4_MINUTES = {1: 60.0, 4: 4 * 55.0}
"""Of 100 calls, by pictures in the call: 100 pictures took 60 minutes one by one and 55 in fours."""
SDXL_GROWTH = {4: SDXL_L4_MINUTES[4] / SDXL_L4_MINUTES[1]}
QWEN_GROWTH = {2: 0.474 / 0.243, 3: 0.711 / 0.243}
"""Qwen-Image at 1024 x 1024 on an H200: 0.243, 0.474 and 0.711 s a step at 1, 2 and 3 pictures."""

WHOLE = "whole pictures' time is shared evenly between the steps"

CURVES = (
    Curve(
        "SD 1.5",
        "A100",
        _each_step({1: 1.38, 4: 4.25, 8: 7.4, 16: 15.7, 24: 23.4}, 50),
        2,
        SD_RECIPES,
        f"{XSTABLE}: A100 40 GB, AITemplate fp16, 512 x 512, 50 steps: 1.38, 4.25, 7.4, 15.7, 23.4 s at 1, 4, 8, "
        "16, 24",
        WHOLE,
    ),
    Curve(
        "SD 1.5",
        "H100",
        _each_step({1: 1.06, 2: 1.73, 4: 2.63, 8: 4.97, 16: 9.61, 32: 19.07}, 30),
        2,
        SD_RECIPES,
        f"{LAMBDA}: Stable Diffusion 1.4, H100 PCIe, PyTorch fp16, 512 x 512: 1.06, 1.73, 2.63, 4.97, 9.61, "
        "19.07 s at 1, 2, 4, 8, 16, 32",
        f"{WHOLE}; 30 of them, as in that repository's docs/benchmark-update.md; 1.4 is 1.5's network",
    ),
    Curve(
        "SDXL-Turbo",
        "L4",
        _each_step({1: 4.08, 2: 4.44, 4: 5.28, 8: 7.2, 16: 10.56}, 4),
        1,
        TURBO_RECIPES,
        f"{DATADREAMER}: L4, 1000 pictures in 68, 37, 22, 15, 11 minutes at 1, 2, 4, 8, 16",
        f"{WHOLE}; 4 of them, as in that repository's code; it offloads to the CPU: most of a call of one is that",
    ),
    Curve(
        "SDXL",
        "L4",
        _each_step({count: minutes * 60 / 100 for count, minutes in SDXL_L4_MINUTES.items()}, 65),
        2,
        SDXL_RECIPES,
        f"{DATADREAMER}: L4, 100 pictures in 60 minutes one by one, 55 in fours",
        f"{WHOLE}; 65 of base and refiner, as in that repository's code; a straight line through two points",
    ),
    Curve(
        "SDXL",
        "A100",
        _grown(2.742 / 30, SDXL_GROWTH),
        2,
        SDXL_RECIPES,
        f"{TENSORRT}: A100, TensorRT, 1024 x 1024, 30 steps: 2742 ms alone",
        f"{WHOLE}; the growth of a call is that of SDXL on an L4",
    ),
    Curve(
        "SDXL",
        "H100",
        _grown(1.471 / 30, SDXL_GROWTH),
        2,
        SDXL_RECIPES,
        f"{TENSORRT}: H100, TensorRT, 1024 x 1024, 30 steps: 1471 ms alone",
        f"{WHOLE}; the growth of a call is that of SDXL on an L4",
    ),
    Curve(
        "FLUX.1",
        "A100",
        _grown(15.65 / 28, QWEN_GROWTH),
        1,
        FLUX_RECIPES,
        f"{BENCHMARK_FLUX}: FLUX.1-dev, A100, BF16, 1024 x 1024, 28 steps: 15.65 s alone",
        f"{WHOLE}; a step of schnell takes as long; a call grows as Qwen-Image's on an H200, {SGLANG}",
    ),
    Curve(
        "FLUX.1",
        "H100",
        _grown(7.11 / 28, QWEN_GROWTH),
        1,
        FLUX_RECIPES,
        f"{BENCHMARK_FLUX}: FLUX.1-dev, H100, BF16, 1024 x 1024, 28 steps: 7.11 s alone",
        f"{WHOLE}; a step of schnell takes as long; a call grows as Qwen-Image's on an H200, {SGLANG}",
    ),
)
