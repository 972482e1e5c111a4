"""Settings that are not done are refused in one line that names key and value; leftovers are let be."""

import json
from typing import Any

import pytest

from services.generator.schedules import schedule_of

EULER = {"_class_name": "EulerDiscreteScheduler"}
ANCESTRAL = {"_class_name": "EulerAncestralDiscreteScheduler"}
DDIM = {"_class_name": "DDIMScheduler"}
DPM = {"_class_name": "DPMSolverMultistepScheduler"}
LCM = {"_class_name": "LCMScheduler"}
PLMS = {"_class_name": "PNDMScheduler", "skip_prk_steps": True}
FLOW = {"_class_name": "FlowMatchEulerDiscreteScheduler"}
DIFFUSION = (EULER, ANCESTRAL, DDIM, DPM, LCM, PLMS)


def refusal(config: dict[str, Any], steps: int = 4, **options: Any) -> str:
    with pytest.raises(ValueError) as refused:
        schedule_of(config, steps, **options)
    message = str(refused.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("config", "key", "value"),
    [
        *((config, "num_train_timesteps", 4000) for config in (*DIFFUSION, FLOW)),
        *((config, "trained_betas", [0.1, 0.2]) for config in DIFFUSION),
        *((config, "beta_schedule", "sigmoid") for config in DIFFUSION),
        *((config, "beta_start", "small") for config in DIFFUSION),
        *((config, "beta_end", 1e-9) for config in DIFFUSION),
        *((config, "prediction_type", "sample") for config in DIFFUSION),
        *((config, "rescale_betas_zero_snr", True) for config in (EULER, ANCESTRAL, DDIM, DPM, LCM)),
        *((config, "timestep_spacing", "even") for config in (EULER, ANCESTRAL, DDIM, DPM, PLMS)),
        *((config, "steps_offset", 0.5) for config in (EULER, ANCESTRAL, DDIM, DPM, PLMS)),
        *((config, "thresholding", True) for config in (DDIM, DPM, LCM)),
        *((config, "use_beta_sigmas", True) for config in (EULER, DPM, FLOW)),
        *((config, "use_exponential_sigmas", True) for config in (EULER, DPM, FLOW)),
        *((config, "final_sigmas_type", "half") for config in (EULER, DPM)),
        (EULER, "interpolation_type", "log_linear"),
        (EULER, "timestep_type", "continuous"),
        (EULER | {"use_karras_sigmas": True}, "sigma_min", -1),
        (EULER | {"use_karras_sigmas": True}, "sigma_min", 200),
        (DPM | {"use_karras_sigmas": True}, "sigma_max", 0.01),
        (EULER, "use_karras_sigmas", "yes"),
        (DDIM, "clip_sample_range", 0),
        (DPM, "algorithm_type", "sde-dpmsolver++"),
        (DPM, "solver_order", 3),
        (DPM, "solver_type", "bh2"),
        (DPM, "variance_type", "learned_range"),
        (DPM, "lambda_min_clipped", -5.1),
        (DPM, "use_lu_lambdas", True),
        (DPM, "use_flow_sigmas", True),
        (DPM | {"use_karras_sigmas": True}, "beta_schedule", "squaredcos_cap_v2"),
        (LCM, "original_inference_steps", 3),
        (PLMS, "skip_prk_steps", False),
        (PLMS, "timestep_spacing", "trailing"),
        (FLOW, "shift", 0),
        (FLOW, "time_shift_type", "linear"),
        (FLOW, "shift_terminal", 0.02),
        (FLOW, "invert_sigmas", True),
        (FLOW, "stochastic_sampling", True),
        (FLOW, "use_karras_sigmas", True),
        (FLOW, "use_dynamic_shifting", True),
    ],
)
def test_a_setting_that_is_not_done_is_named(config: dict[str, Any], key: str, value: object) -> None:
    message = refusal(config | {key: value})
    assert message.startswith(f"scheduler_config.json: {key} must ") or "needs the picture's" in message
    assert json.dumps(value) in message


def test_messages_read_as_sentences() -> None:
    assert refusal(EULER | {"beta_schedule": "sigmoid"}) == (
        'scheduler_config.json: beta_schedule must be linear or scaled_linear or squaredcos_cap_v2, not "sigmoid"'
    )
    assert refusal({"_class_name": "PNDMScheduler"}) == (
        "scheduler_config.json: skip_prk_steps must be true, but is missing"
    )
    assert refusal(FLOW | {"use_dynamic_shifting": True}) == (
        "scheduler_config.json: use_dynamic_shifting needs the picture's sequence length; without one it must be "
        "false, not true"
    )


@pytest.mark.parametrize("name", ["HeunDiscreteScheduler", None, 3])
def test_other_classes_are_refused(name: object) -> None:
    assert "_class_name must be DDIMScheduler or " in refusal({"_class_name": name})
    assert "but is missing" in refusal({})


@pytest.mark.parametrize("config", [*DIFFUSION, FLOW])
def test_a_setting_nobody_knows_is_refused_if_it_is_on(config: dict[str, Any]) -> None:
    assert refusal(config | {"use_magic": True}) == (
        "scheduler_config.json: use_magic is not known here and must be null, not true"
    )
    schedule_of(config | {"use_magic": None, "use_more_magic": False, "_diffusers_version": "0.42.1"}, 4)


def test_settings_of_other_classes_are_leftovers() -> None:
    plain = schedule_of(EULER, 4)
    carried = schedule_of(EULER | {"clip_sample": True, "solver_order": 3, "shift": 3.0}, 4)
    assert plain.levels.now == carried.levels.now


@pytest.mark.parametrize("config", [*DIFFUSION, FLOW])
@pytest.mark.parametrize("steps", [0, -1, 501])
def test_senseless_numbers_of_steps_are_refused(config: dict[str, Any], steps: int) -> None:
    assert refusal(config, steps) == f"steps must be 1 to 500, not {steps}"


def test_time_steps_beyond_training_are_refused() -> None:
    assert "steps_offset must leave time steps below 1000" in refusal(
        EULER | {"timestep_spacing": "leading", "steps_offset": 300}
    )


def test_lcm_makes_no_more_steps_than_it_was_distilled_on() -> None:
    assert schedule_of(LCM, 50).steps == 50
    assert "original_inference_steps must be at least the 51 steps asked for" in refusal(LCM, 51)


@pytest.mark.parametrize("config", [*DIFFUSION, FLOW])
@pytest.mark.parametrize("strength", [0.0, -0.1, 1.1, float("nan")])
def test_senseless_strengths_are_refused(config: dict[str, Any], strength: float) -> None:
    with pytest.raises(ValueError, match="strength must be above 0 and at most 1"):
        schedule_of(config, 4).start_index(strength)


def test_a_strength_that_leaves_no_step_is_refused() -> None:
    for config in DIFFUSION:
        with pytest.raises(ValueError, match=r"a strength of 0\.2 leaves none of \d steps"):
            schedule_of(config, 4).start_index(0.2)
    # Flow matching keeps the step that the strength falls in.
    assert schedule_of(FLOW, 4).start_index(0.2) == 3
