"""What may be asked, and which field is named when it may not."""

import pytest

from services.edge.asking import Asked, ModelFacts, body_hash, check_request_id, pick_model, to_spec
from services.runtime.errors import Fault, Reason

TINY = ModelFacts("tiny", 64, 256, 20)


def test_defaults_are_filled_in() -> None:
    spec = to_spec(Asked("un crabe"), TINY)
    assert (spec.count, spec.size, spec.steps, spec.previews, spec.model) == (1, "256x256", 20, 4, "tiny")
    assert 0 <= spec.seed < 2**31


def test_given_values_are_kept() -> None:
    spec = to_spec(Asked("a crab", 3, "512x512", 0, 4, 0), TINY)
    assert (spec.count, spec.size, spec.seed, spec.steps, spec.previews) == (3, "512x512", 0, 4, 0)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (Asked(None), "prompt"),
        (Asked(7), "prompt"),
        (Asked(""), "prompt"),
        (Asked(" \n\t "), "prompt"),
        (Asked("x" * 32_001), "prompt"),
        (Asked("bell \x07"), "prompt"),
        (Asked("nul \x00"), "prompt"),
        (Asked("lone \ud800 surrogate"), "prompt"),
        (Asked("a", count=0), "count"),
        (Asked("a", count=11), "count"),
        (Asked("a", count=True), "count"),
        (Asked("a", count="2"), "count"),
        (Asked("a", count=1.5), "count"),
        (Asked("a", size="0x0"), "size"),
        (Asked("a", size="99999x99999"), "size"),
        (Asked("a", size="999999x1"), "size"),
        (Asked("a", size="256x128"), "size"),
        (Asked("a", size="large"), "size"),
        (Asked("a", size=256), "size"),
        (Asked("a", size="-64x-64"), "size"),
        (Asked("a", seed=-1), "seed"),
        (Asked("a", seed=2**32), "seed"),
        (Asked("a", steps=0), "steps"),
        (Asked("a", steps=101), "steps"),
        (Asked("a", previews=11), "previews"),
    ],
)
def test_bad_fields_are_named(asked: Asked, field: str) -> None:
    with pytest.raises(Fault) as raised:
        to_spec(asked, TINY)
    assert raised.value.reason is Reason.INVALID_ARGUMENT
    assert raised.value.metadata["field"] == field


@pytest.mark.parametrize(
    "prompt", ["x" * 32_000, "two\nlines\tand a tab", "crabe 🦀 à côté d'une barque", "\u200fשלום"]
)
def test_unusual_but_proper_prompts_pass_unchanged(prompt: str) -> None:
    assert to_spec(Asked(prompt), TINY).prompt == prompt


def test_models_are_picked_by_name_alias_and_default() -> None:
    known, aliases = {"tiny": TINY}, frozenset({"gpt-image-1"})
    assert pick_model(None, known, aliases, "tiny") is TINY
    assert pick_model("", known, aliases, "tiny") is TINY
    assert pick_model("gpt-image-1", known, aliases, "tiny") is TINY
    with pytest.raises(Fault) as raised:
        pick_model("nobody/knows", known, aliases, "tiny")
    assert raised.value.reason is Reason.MODEL_UNKNOWN and raised.value.metadata["models"] == "tiny"
    with pytest.raises(Fault) as raised:
        pick_model("x" * 5_000, known, aliases, "tiny")
    assert len(raised.value.metadata["model"]) < 200
    with pytest.raises(Fault) as raised:
        pick_model("tiny", {}, aliases, "tiny")
    assert raised.value.reason is Reason.UNAVAILABLE


def test_request_ids_are_bounded_text() -> None:
    assert check_request_id(None) == "" and check_request_id("abc-1") == "abc-1"
    for bad in ("x" * 129, "é", "a\nb"):
        with pytest.raises(Fault):
            check_request_id(bad)


def test_the_body_hash_is_of_what_was_asked() -> None:
    assert body_hash(Asked("a"), "tiny") == body_hash(Asked("a"), "tiny")
    assert (
        len({body_hash(Asked("a"), "tiny"), body_hash(Asked("b"), "tiny"), body_hash(Asked("a", 2), "tiny")}) == 3
    )
