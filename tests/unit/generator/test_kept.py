"""Under every schedule: what a mask keeps is where the picture is, what it does not keep is untouched."""

from typing import Any

import numpy as np
import pytest

from services.generator.families.canvas import Canvas
from services.generator.families.kept import Kept, cells_of
from services.generator.families.text import Text
from services.generator.noise import Stream, normal
from services.generator.schedules import Schedule
from services.generator.schedules.ancestral import Ancestral
from services.generator.schedules.consistency import Consistency
from services.generator.schedules.plms import Plms
from tests.fixtures.schedules.cases import toy_model
from tests.unit.generator.test_schedules_properties import KINDS, answer_of, plan_of

SHAPE = (4, 6, 6)
CELLS = np.zeros(SHAPE[1:], bool)
CELLS[1:4, 2:5] = True
LATENT, NOISE = np.clip(normal(1, SHAPE) / 4, -0.4, 0.4), normal(2, SHAPE)
TEXT = Text(np.zeros((1, 1), np.float32), None)


def canvas(plan: Schedule, begin: int, *, masked: bool) -> Canvas:
    kept = Kept(CELLS, LATENT, NOISE) if masked else None
    return Canvas(plan.add_noise(LATENT, NOISE, begin), plan, 1.0, (TEXT,), Stream(3), begin, kept)


def test_all_families_of_schedules_are_here() -> None:
    assert {type(plan_of(kind, 4)).__name__ for kind in KINDS.values()} == {
        "FirstOrder", "Ancestral", "DpmSolver", "Plms", "Consistency", "FlowMatch",
    }  # fmt: skip


@pytest.mark.parametrize("kind", KINDS.values(), ids=[case.name for case in KINDS.values()])
@pytest.mark.parametrize(("steps", "strength"), [(1, 1.0), (4, 1.0), (20, 1.0), (20, 0.5)])
def test_kept_cells_are_noised_to_where_the_picture_is_and_the_rest_is_as_without_a_mask(
    kind: Any, steps: int, strength: float
) -> None:
    """Both are given the same answers, so the cells that are drawn anew must be the same to the bit."""
    plan = plan_of(kind, steps)
    begin = plan.start_index(strength)
    masked, plain = (canvas(plan, begin, masked=masked) for masked in (True, False))
    assert np.array_equal(masked.x, plain.x)
    while not masked.finished:
        answer = toy_model(plan.model_input(plain.x, plain.done), float(plan.timesteps[plain.done]))
        masked.take([answer])
        plain.take([answer])
        where = LATENT if masked.finished else plan.add_noise(LATENT, NOISE, masked.done)
        assert masked.x.dtype == np.float32
        assert np.array_equal(masked.x[:, ~CELLS], where[:, ~CELLS])
        assert np.array_equal(masked.x[:, CELLS], plain.x[:, CELLS])
    assert np.array_equal(masked.x[:, ~CELLS], LATENT[:, ~CELLS])
    assert not np.array_equal(masked.x[:, CELLS], LATENT[:, CELLS])


@pytest.mark.parametrize("kind", KINDS.values(), ids=[case.name for case in KINDS.values()])
def test_a_model_that_knows_the_picture_goes_where_the_kept_cells_are_put(kind: Any) -> None:
    """So putting them back is no jump: noise of their level is what the model's own road has there."""
    plan = plan_of(kind, 20)
    if isinstance(plan, Ancestral | Consistency):
        pytest.skip("stirs fresh noise in")
    if isinstance(plan, Plms) and plan.levels.prediction == "v_prediction":
        pytest.skip("extrapolates v, and misses")
    if any(after != now for after, now in zip(plan.levels.after, plan.levels.now[1:], strict=False)):
        pytest.skip("DDIM rounds time steps and their distance apart")
    one = canvas(plan, plan.start_index(0.7), masked=False)
    while one.done < plan.steps - 1:
        one.take([answer_of(plan, one.done, LATENT, NOISE)])
        wanted = plan.add_noise(LATENT, NOISE, one.done)
        assert np.abs(one.x - wanted).max() <= 1e-4 * np.abs(wanted).max()


def test_cells_of_pixels() -> None:
    anew = np.zeros((16, 24), bool)
    anew[7, 8] = anew[15, 23] = True
    assert np.argwhere(cells_of(anew, 8)).tolist() == [[0, 1], [1, 2]]
    assert np.array_equal(cells_of(anew, 1), anew)
