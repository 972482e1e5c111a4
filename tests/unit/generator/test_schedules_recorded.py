"""Every schedule, call by call, against what diffusers did (tests/fixtures/schedules/record.py).

Deviations are relative to the largest number of the recorded array at that call, so small pictures count as much
as the large noise they came from.
"""

import numpy as np
import pytest
from numpy.typing import NDArray

from services.generator.schedules import Memory, Schedule, schedule_of
from tests.fixtures.schedules.cases import Case, cases, recordings, toy_model

CASES = list(cases())
FIRST, PICTURE, RECORDINGS = recordings()
EXACT_TIME = 1e-4
"""Of a thousand: one bit of float32. Only time steps that are not whole may differ at all."""
CLOSE = 1e-5
CLOSE_FROM_4096 = 5e-4
"""For Euler's x of size 4096, where float32 is too coarse for how diffusers computes the step."""


def schedule(case: Case) -> Schedule:
    return schedule_of(case.config, case.steps, sequence_length=case.sequence_length, to_smallest=case.to_smallest)


def deviation(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> float:
    assert ours.dtype == np.float32
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


def test_the_recording_is_of_these_cases() -> None:
    assert [case.name for case in CASES] == list(RECORDINGS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_time_steps_are_those_of_diffusers(case: Case) -> None:
    ours, theirs = schedule(case).timesteps, RECORDINGS[case.name].timesteps
    assert ours.dtype == np.float32
    assert len(ours) == len(theirs)
    whole = theirs == theirs.round()
    assert (ours[whole] == theirs[whole]).all()
    assert np.abs(ours - theirs).max() < EXACT_TIME


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_step_is_that_of_diffusers(case: Case) -> None:
    plan, recording = schedule(case), RECORDINGS[case.name]
    start = 0 if case.strength is None else plan.start_index(case.strength)
    assert start == int(recording.begin[0])
    assert plan.init_scale == pytest.approx(recording.begin[1], rel=1e-6)
    from_4096 = plan.levels.unit_input and case.config.get("rescale_betas_zero_snr", False)
    close = CLOSE_FROM_4096 if from_4096 else CLOSE

    x = FIRST * np.float32(plan.init_scale) if case.strength is None else plan.add_noise(PICTURE, FIRST, start)
    assert deviation(x, recording.x[0]) < CLOSE
    noises, memory = iter(recording.noise), None
    for call, i in enumerate(range(start, plan.steps)):
        answer = toy_model(plan.model_input(x, i), float(plan.timesteps[i]))
        if len(recording.estimate):
            assert deviation(plan.estimate(x, answer, i), recording.estimate[call]) < close
        x, memory = plan.step(x, answer, i, memory, lambda: next(noises))
        assert deviation(x, recording.x[call + 1]) < close
    # diffusers draws once more where it multiplies by 0.
    assert len(list(noises)) <= 1


def test_a_schedule_remembers_nothing_itself() -> None:
    """Two rows a step apart on one schedule object make the pictures that each makes alone."""
    case = next(case for case in CASES if case.name == "dpm++2m, 20 steps")
    plan = schedule(case)

    def no_noise() -> NDArray[np.float32]:
        raise AssertionError

    def ahead(x: NDArray[np.float32], i: int, memory: Memory) -> tuple[NDArray[np.float32], Memory]:
        return plan.step(x, toy_model(plan.model_input(x, i), float(plan.timesteps[i])), i, memory, no_noise)

    early, early_memory = ahead(FIRST, 0, None)
    late, late_memory = PICTURE, None
    for i in range(plan.steps):
        late, late_memory = ahead(late, i, late_memory)
        if i + 1 < plan.steps:
            early, early_memory = ahead(early, i + 1, early_memory)
    assert deviation(early, RECORDINGS[case.name].x[-1]) < CLOSE
    assert deviation(early, late) > CLOSE
