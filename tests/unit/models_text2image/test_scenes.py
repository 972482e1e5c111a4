"""Training scenes: what is held out stays out, and the rest is covered."""

import random
from itertools import combinations

from models.text2image.concepts import CONCEPTS
from models.text2image.scenes import (
    COLOURS,
    MOST_OF_A_KIND,
    PLACES,
    RELATIONS,
    SKIES,
    STORY_PAIR,
    STYLES,
    held_out,
    held_out_combinations,
    held_out_pairs,
    held_out_tints,
    pair_held_out,
    sample_scene,
    tint_held_out,
)


def test_held_out_combinations_are_about_a_tenth_and_fixed() -> None:
    kept = held_out_combinations()
    everything = len(CONCEPTS) * len(COLOURS) * len(STYLES)
    assert 0.08 < len(kept) / everything < 0.13
    assert len(kept) >= 200
    # The split is part of the published figures: it may not move between machines or releases.
    assert kept[:4] == [
        ("crab", "grey", "flat"),
        ("crab", "orange", "3d"),
        ("crab", "green", "flat"),
        ("crab", "purple", "flat"),
    ]


def test_held_out_pairs_and_tints_are_about_a_tenth() -> None:
    count = len(CONCEPTS)
    assert 0.08 < len(held_out_pairs()) / (count * (count - 1) / 2) < 0.13
    assert 0.08 < len(held_out_tints()) / (count * len(COLOURS)) < 0.13
    assert pair_held_out("fish", "key") == pair_held_out("key", "fish")
    assert not pair_held_out(*STORY_PAIR)


def test_no_training_scene_shows_what_is_held_out() -> None:
    rng = random.Random(1)
    for _ in range(20_000):
        scene = sample_scene(rng)
        keys = [thing.key for thing in scene.things]
        assert not any(pair_held_out(a, b) for a, b in combinations(keys, 2))
        assert not any(tint_held_out(thing.key, thing.colour) for thing in scene.things if thing.colour)
        if scene.ground.colour:
            assert not any(held_out(key, scene.ground.colour, scene.style) for key in keys)
            assert scene.ground.colour not in {thing.colour for thing in scene.things}


def test_scenes_cover_every_concept_ground_and_style() -> None:
    rng = random.Random(2)
    scenes = [sample_scene(rng) for _ in range(20_000)]
    things = [thing for scene in scenes for thing in scene.things]
    assert {thing.key for thing in things} == {concept.key for concept in CONCEPTS}
    assert {thing.colour for thing in things} == {*COLOURS, ""}
    assert {thing.count for thing in things} == set(range(1, MOST_OF_A_KIND + 1))
    assert {scene.relation for scene in scenes} == {*RELATIONS, ""}
    assert {scene.style for scene in scenes} == set(STYLES)
    assert {scene.ground.colour for scene in scenes} == {*COLOURS, ""}
    assert {scene.ground.place for scene in scenes} == {*PLACES, ""}
    assert {scene.ground.sky for scene in scenes} == {*SKIES, ""}


def test_things_differ_and_a_pair_has_a_relation() -> None:
    rng = random.Random(3)
    for _ in range(5000):
        scene = sample_scene(rng)
        assert len({thing.key for thing in scene.things}) == len(scene.things) in (1, 2, 3)
        assert bool(scene.relation) == (len(scene.things) == 2)
        assert len(scene.things) == 1 or all(thing.count == 1 for thing in scene.things)


def test_the_same_seed_gives_the_same_scenes() -> None:
    first, second = random.Random(4), random.Random(4)
    assert [sample_scene(first) for _ in range(200)] == [sample_scene(second) for _ in range(200)]
