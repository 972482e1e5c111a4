"""What the evaluation asks for was kept from training, in both languages."""

from collections import Counter

from models.text2image.asked import PLACED, UNPLACED, pairs, singles
from models.text2image.concepts import BY_KEY
from models.text2image.scenes import held_out, pair_held_out


def test_every_single_was_held_out_and_is_asked_for_in_both_languages() -> None:
    asked = singles(100)
    assert len(asked) == 200 and Counter(one.language for one in asked) == {"en": 100, "fr": 100}
    for one in asked:
        (thing,) = one.scene.things
        assert held_out(thing.key, one.scene.ground.colour, one.scene.style)
    for first, second in zip(asked[::2], asked[1::2], strict=True):
        assert (first.seed, first.scene) == (second.seed, second.scene) and first.text != second.text


def test_every_pair_was_held_out_and_stands_where_a_picture_can_show_it() -> None:
    asked = pairs(100)
    assert Counter(one.scene.relation for one in asked) == dict.fromkeys(PLACED, 50)
    for one in asked:
        first, second = one.scene.things
        assert pair_held_out(first.key, second.key)
        names = [getattr(BY_KEY[thing.key], one.language) for thing in (first, second)]
        assert all(any(name.text in one.text for name in several) for several in names), one.text


def test_pairs_can_be_asked_for_without_a_side() -> None:
    asked = pairs(20, said=UNPLACED)
    assert Counter(one.scene.relation for one in asked) == dict.fromkeys(UNPLACED, 20)
    assert all(pair_held_out(*(thing.key for thing in one.scene.things)) for one in asked)


def test_the_same_questions_are_asked_every_time() -> None:
    assert singles(20) == singles(20) and pairs(20) == pairs(20)
