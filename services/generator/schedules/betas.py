"""How much of the picture is left at each time step a diffusion model was trained on.

Training mixes picture and noise as sqrt(a) · picture + sqrt(1 - a) · noise; a, "alpha bar", is the product of
1 - beta over all time steps so far (Ho et al. 2020, "Denoising Diffusion Probabilistic Models", eq. 4). The betas
of DDPM rise evenly; those of latent diffusion (Rombach et al. 2022) rise evenly in their square roots; the cosine
ones come from Nichol and Dhariwal 2021, "Improved Denoising Diffusion Probabilistic Models", eq. 17.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.generator.schedules.levels import prediction_of
from services.generator.schedules.settings import Settings

Table = NDArray[np.float64]

TRAINED = 1000
"""Time steps of training, 0 (nearly the picture) to 999 (nearly noise)."""
LARGEST_BETA = 0.999
"""Of the cosine betas, whose last would be 1."""
NEARLY_NOTHING = 2.0**-24
"""Stands for an alpha bar of 0 where sigma, infinite there, must be a number."""


def alpha_bars(settings: Settings, start: float = 0.0001, end: float = 0.02, kind: str = "linear") -> Table:
    """float64[1000], falling. `start`, `end` and `kind` are the class's defaults. Raises ValueError."""
    settings.must_be("num_train_timesteps", TRAINED)
    settings.must_be("trained_betas", None)
    start = settings.number("beta_start", start, 1e-8, 0.5)
    end = settings.number("beta_end", end, start, 0.999)
    kind = settings.choice("beta_schedule", ("linear", "scaled_linear", "squaredcos_cap_v2"), kind)
    betas: Table
    if kind == "linear":
        betas = np.linspace(start, end, TRAINED)
    elif kind == "scaled_linear":
        betas = np.linspace(start**0.5, end**0.5, TRAINED) ** 2
    else:
        edges = np.cos((np.arange(TRAINED + 1, dtype=np.float64) / TRAINED + 0.008) / 1.008 * np.pi / 2) ** 2
        betas = np.minimum(1 - edges[1:] / edges[:-1], LARGEST_BETA)
    # Rounded to float32 where diffusers rounds. Near the picture few digits of 1 - a are left, so this moves
    # levels; and Karras spacing picks time step 575 or 576 by whether it meets 575.4998 or 575.5005.
    bars = np.cumprod(np.float32(1) - betas.astype(np.float32), dtype=np.float64).astype(np.float32)
    return bars.astype(np.float64)


def ending_in_noise(settings: Settings, bars: Table) -> Table:
    """`bars`; where `rescale_betas_zero_snr` asks for it, bent so that the last is 0 and the first stays.

    Lin et al. 2024, "Common Diffusion Noise Schedules and Sample Steps are Flawed", algorithm 1. An answer of
    noise alone cannot tell the picture where there is none, hence only v_prediction.
    """
    if not settings.flag("rescale_betas_zero_snr"):
        return bars
    if prediction_of(settings) == "epsilon":
        raise settings.wrong("rescale_betas_zero_snr", "must be false unless prediction_type is v_prediction")
    roots: Table = np.sqrt(bars)
    bent: Table = ((roots - roots[-1]) * (roots[0] / (roots[0] - roots[-1]))) ** 2
    return bent


def sigmas_of(bars: Table) -> Table:
    """float64[1000], rising: noise over signal, sqrt((1 - a) / a)."""
    bars = np.where(bars > 0, bars, NEARLY_NOTHING)
    sigmas: Table = np.sqrt((1 - bars) / bars)
    return sigmas
