"""What the plan is taught to say is what the layout shows."""

import random

import numpy as np
import pytest

from models.text2image.layout import Place, places
from models.text2image.planning import NAMES, THINGS, TINTS, plan_of
from models.text2image.scenes import Ground, Scene, Thing, sample_scene

EDGE = 8


def test_a_thing_holds_the_cells_it_covers() -> None:
    crab = Place(Thing("crab", "red"), x=0.25, y=0.5, side=0.5)
    things, tints = plan_of([crab], EDGE).reshape(2, EDGE, EDGE)
    rows, columns = np.nonzero(things)
    assert set(things[rows, columns]) == {THINGS["crab"]} and set(tints[rows, columns]) == {TINTS["red"]}
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (2, 5, 0, 3)
    assert np.array_equal(things > 0, tints > 0)


def test_the_nearest_thing_wins_and_own_colours_are_none() -> None:
    far, near = Place(Thing("boat", "blue"), 0.5, 0.5, 1.0), Place(Thing("crab"), 0.5, 0.5, 0.4)
    things, tints = plan_of([far, near], EDGE).reshape(2, EDGE, EDGE)
    assert things[4, 4] == THINGS["crab"] and tints[4, 4] == 0
    assert things[1, 1] == THINGS["boat"] and tints[1, 1] == TINTS["blue"]


@pytest.mark.parametrize("relation", ["left", "right", "above", "below", "beside", "and"])
def test_relations_can_be_read_off_the_plan(relation: str) -> None:
    scene = Scene((Thing("crab"), Thing("boat")), "flat", Ground(colour="white"), relation)
    for seed in range(20):
        things = plan_of(places(scene, random.Random(seed)), EDGE)[0].reshape(EDGE, EDGE)
        crab, boat = (np.argwhere(things == THINGS[key]).mean(axis=0) for key in ("crab", "boat"))
        axis, first = (0, crab < boat) if relation in ("above", "below") else (1, crab < boat)
        assert first[axis] == (relation not in ("right", "below")), "the first named stands left unless told"


def test_every_training_scene_has_a_plan_in_known_names() -> None:
    rng = random.Random(5)
    for _ in range(300):
        plan = plan_of(places(sample_scene(rng), rng), EDGE)
        assert plan.shape == (2, EDGE**2) and plan[0].any()
        assert all(row.min() >= 0 and row.max() < names for row, names in zip(plan, NAMES, strict=True))
