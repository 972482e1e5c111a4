"""Which schedule a diffusers scheduler_config.json means.

Each family reads the settings of its diffusers class and refuses what would change its pictures and is not done
here. A setting that only another class reads has no effect in diffusers and has none here: folders carry many such
leftovers. A setting that no class is known to read is refused, since it may be a new one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from services.generator.schedules.ancestral import ancestral
from services.generator.schedules.consistency import consistency
from services.generator.schedules.dpm_solver import dpm_solver
from services.generator.schedules.first_order import ddim, euler
from services.generator.schedules.flow_match import flow_match
from services.generator.schedules.plms import plms
from services.generator.schedules.schedule import Schedule
from services.generator.schedules.settings import Settings

MOST_STEPS = 500
"""Half the trained time steps: more would visit some of them twice in some spacings."""

FLOW_MATCH = "FlowMatchEulerDiscreteScheduler"
FAMILIES: Mapping[str, Callable[[Settings, int], Schedule]] = {
    "DDIMScheduler": ddim,
    "DPMSolverMultistepScheduler": dpm_solver,
    "EulerAncestralDiscreteScheduler": ancestral,
    "EulerDiscreteScheduler": euler,
    "LCMScheduler": consistency,
    "PNDMScheduler": plms,
}
# Noise of training; time steps; sigmas; solvers (those of UniPC and DDPM too, which folders were converted from);
# bounds of the picture; flow matching.
_KNOWN = """
num_train_timesteps beta_start beta_end beta_schedule trained_betas rescale_betas_zero_snr prediction_type
timestep_spacing timestep_type timestep_scaling steps_offset original_inference_steps
use_karras_sigmas use_exponential_sigmas use_beta_sigmas use_lu_lambdas use_flow_sigmas sigma_min sigma_max
final_sigmas_type lambda_min_clipped interpolation_type set_alpha_to_one
algorithm_type solver_order solver_type lower_order_final euler_at_final skip_prk_steps variance_type predict_x0
disable_corrector solver_p
clip_sample clip_sample_range thresholding dynamic_thresholding_ratio sample_max_value
shift flow_shift use_dynamic_shifting base_shift max_shift base_image_seq_len max_image_seq_len invert_sigmas
shift_terminal time_shift_type stochastic_sampling
"""
KNOWN = frozenset(_KNOWN.split())


def schedule_of(
    config: Mapping[str, Any], steps: int, *, sequence_length: int | None = None, to_smallest: bool = False
) -> Schedule:
    """The schedule of `steps` steps, 1 to 500, that a scheduler_config.json asks for.

    `sequence_length` is the number of tokens the model sees the picture as, for flow matching with
    `use_dynamic_shifting`. `to_smallest` asks flow matching for the levels of Stable Diffusion 3's pipeline
    instead of FLUX's. Raises ValueError with one line that names key and value of what cannot be done.
    """
    if not 1 <= steps <= MOST_STEPS:
        raise ValueError(f"steps must be 1 to {MOST_STEPS}, not {steps}")
    settings = Settings(config)
    name = settings.choice("_class_name", (*FAMILIES, FLOW_MATCH))
    settings.must_know(KNOWN)
    if name == FLOW_MATCH:
        return flow_match(settings, steps, sequence_length, to_smallest)
    return FAMILIES[name](settings, steps)
