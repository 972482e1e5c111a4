"""What holds for all schedules: levels fall, rows are alone, a model that knows the picture finds it."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.generator.noise import normal
from services.generator.schedules import (
    Memory,
    Schedule,
    euler_step,
    flow_match_levels,
    schedule_of,
)
from services.generator.schedules.ancestral import Ancestral
from services.generator.schedules.consistency import Consistency
from services.generator.schedules.flow_match import FlowMatch
from services.generator.schedules.plms import SECOND_TRY, Plms
from tests.fixtures.schedules.cases import cases, toy_model

Array = NDArray[np.float32]

SHAPE = (4, 3, 3)
KINDS = {str(case.config) + str(case.to_smallest): case for case in cases()}

kinds = st.sampled_from(list(KINDS.values()))
steps_of = st.integers(1, 50)
seeds = st.integers(0, 2**32 - 1)


def no_noise() -> Array:
    raise AssertionError("stirred")


def plan_of(kind: Any, steps: int) -> Schedule:
    return schedule_of(kind.config, steps, sequence_length=kind.sequence_length, to_smallest=kind.to_smallest)


def read_only(array: Array) -> Array:
    array.setflags(write=False)
    return array


class Row:
    """A picture on its way, its noise from its own seed. Nothing that a schedule is given may be written to."""

    def __init__(self, plan: Schedule, seed: int) -> None:
        self.plan, self.seed, self.i = plan, seed, 0
        self.memory: Memory = None
        self.x = read_only(normal(seed, SHAPE) * np.float32(plan.init_scale))

    def stirring(self) -> Array:
        return read_only(normal((self.seed + self.i + 1) % 2**32, SHAPE))

    def step(self) -> None:
        seen = self.plan.model_input(self.x, self.i)
        answer = read_only(toy_model(seen, float(self.plan.timesteps[self.i])))
        x, self.memory = self.plan.step(self.x, answer, self.i, self.memory, self.stirring)
        self.x = read_only(x)
        self.i += 1

    def finish(self) -> Array:
        while self.i < self.plan.steps:
            self.step()
        return self.x


@settings(deadline=None)
@given(st.lists(st.tuples(kinds, steps_of, seeds), min_size=2, max_size=4), st.randoms(use_true_random=False))
def test_a_row_is_the_same_in_any_company(told: list[Any], random: Any) -> None:
    alone = [Row(plan_of(kind, steps), seed).finish() for kind, steps, seed in told]
    rows = [Row(plan_of(kind, steps), seed) for kind, steps, seed in told]
    while going := [row for row in rows if row.i < row.plan.steps]:
        random.choice(going).step()
    for row, picture in zip(rows, alone, strict=True):
        assert row.x.dtype == np.float32
        assert row.x.tobytes() == picture.tobytes()


@settings(deadline=None)
@given(kinds, st.integers(1, 50))
def test_levels_and_time_steps_fall(kind: Any, steps: int) -> None:
    plan = plan_of(kind, steps)
    ratios = [level.noise / max(level.signal, 1e-9) for level in plan.levels.now]
    afters = [level.noise / max(level.signal, 1e-9) for level in plan.levels.after]
    times = plan.timesteps.tolist()
    if isinstance(plan, Plms) and steps > 1:
        assert plan.steps == steps + 1
        assert times[1] == times[2]
        del times[1], ratios[1], afters[1]
    assert len(times) == steps
    assert times == sorted(times, reverse=True)
    assert 0 <= times[-1] <= times[0] <= 1000
    assert all(later < now for now, later in pairwise(ratios))
    # Karras spacing may end at the level it is already at.
    assert all(after <= now * 1.000001 for now, after in zip(ratios, afters, strict=True))
    assert not plan.timesteps.flags.writeable


def answer_of(plan: Schedule, i: int, picture: Array, noise: Array) -> Array:
    """What a model that knows both says at call `i`."""
    level = plan.levels.now[i]
    if isinstance(plan, FlowMatch):
        return noise - picture
    if plan.levels.prediction == "epsilon":
        return noise
    return np.float32(level.signal / level.size) * noise - np.float32(level.noise / level.size) * picture


@settings(deadline=None)
@given(kinds, steps_of, st.floats(0.05, 1.0), seeds)
def test_a_model_that_knows_the_picture_finds_it(kind: Any, steps: int, strength: float, seed: int) -> None:
    """Anew or over a picture, with memory or without, x stays the mix of picture and noise that its level says."""
    plan = plan_of(kind, steps)
    if isinstance(plan, Plms) and plan.levels.prediction == "v_prediction":
        return  # extrapolates v, as diffusers does, and misses
    if any(after != now for after, now in zip(plan.levels.after, plan.levels.now[1:], strict=False)):
        return  # DDIM rounds time steps and their distance apart
    try:
        start = plan.start_index(strength)
    except ValueError:
        return
    # No clipping reaches this picture.
    picture, noise = np.clip(normal(seed, SHAPE) / 4, -0.4, 0.4), normal(seed ^ 1, SHAPE)
    x, memory, coarse = plan.add_noise(picture, noise, start), None, 1e-6
    for i in range(start, plan.steps):
        answer, now, after = answer_of(plan, i, picture, noise), plan.levels.now[i], plan.levels.after[i]
        # What one bit of x means in the picture, at the noisiest level so far.
        coarse = max(coarse, 1e-6 * now.noise / now.signal if now.signal else 0.0)
        # LCM mixes x in: hardly any with the scaling that models have.
        if isinstance(plan, Consistency):
            assert np.abs(plan.estimate(x, answer, i) - picture).max() < 0.01 or plan.scaling < 10
        else:
            assert np.abs(plan.estimate(x, answer, i) - picture).max() < 10 * coarse
        stirs = isinstance(plan, Ancestral | Consistency)
        x, memory = plan.step(x, answer, i, memory, (lambda: noise) if stirs else no_noise)
        if stirs:
            x = plan.add_noise(picture, noise, i + 1) if i + 1 < plan.steps else x
        else:
            assert np.abs(x - (after.signal * picture + after.noise * noise)).max() < 20 * coarse


@settings(deadline=None)
@given(kinds, steps_of, seeds)
def test_only_schedules_that_stir_ask_for_noise_and_once(kind: Any, steps: int, seed: int) -> None:
    row = Row(plan_of(kind, steps), seed)
    drawn: list[int] = []
    stirring = row.stirring
    row.stirring = lambda: drawn.append(row.i) or stirring()  # type: ignore[method-assign, func-returns-value]
    row.finish()
    stirs = isinstance(row.plan, Ancestral | Consistency)
    assert drawn == (list(range(steps - 1)) if stirs else [])


@pytest.mark.parametrize("shift", [1.0, 3.0])
@pytest.mark.parametrize("steps", [1, 4, 40])
def test_a_flow_match_schedule_is_the_plain_functions_to_the_bit(steps: int, shift: float) -> None:
    plan = schedule_of({"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": shift}, steps)
    levels = flow_match_levels(steps, shift)
    x, plain = normal(5, SHAPE), normal(5, SHAPE)
    assert plan.timesteps.tolist() == [np.float32(level * 1000.0) for level in levels[:-1]]
    for i in range(steps):
        answer = toy_model(x, float(plan.timesteps[i]))
        x, _ = plan.step(x, answer, i, None, no_noise)
        plain = euler_step(plain, answer, levels[i], levels[i + 1])
        assert x.tobytes() == plain.tobytes()


def test_strength_one_draws_anew_and_less_starts_later() -> None:
    for kind in KINDS.values():
        plan = plan_of(kind, 20)
        assert plan.start_index(1.0) == 0
        assert plan.start_index(0.5) == 10 + isinstance(plan, Plms)


def test_plms_does_not_start_at_its_second_try() -> None:
    plan = schedule_of({"_class_name": "PNDMScheduler", "skip_prk_steps": True}, 20)
    assert SECOND_TRY not in {plan.start_index(strength / 100) for strength in range(5, 101)}
    with pytest.raises(ValueError, match="cannot start at call 1"):
        plan.step(np.zeros(3, np.float32), np.zeros(3, np.float32), SECOND_TRY, None, no_noise)


def test_more_tokens_shift_flow_matching_more() -> None:
    config = {"_class_name": "FlowMatchEulerDiscreteScheduler", "use_dynamic_shifting": True}
    middles = [schedule_of(config, 4, sequence_length=tokens).timesteps[2] for tokens in (256, 1024, 4096)]
    # mu is base_shift at 256 tokens and max_shift at 4096; halfway along, the level is e**mu / (e**mu + 1).
    assert middles[0] == pytest.approx(1000 / (1 + np.exp(-0.5)))
    assert middles[2] == pytest.approx(1000 / (1 + np.exp(-1.15)))
    assert middles[0] < middles[1] < middles[2]
