"""What may be asked, and which field is named when it may not."""

import io
import json
from dataclasses import asdict, fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from services.edge.asking import Asked, ModelFacts, body_hash, check_request_id, pick_model, to_spec
from services.edge.job import Format
from services.edge.job_codec import unpack_spec
from services.edge.messages import text
from services.runtime.errors import Fault, Reason

TINY = ModelFacts(
    name="tiny", family="TinyPipeline", native_width=64, native_height=64, output_width=256, output_height=256,
    smallest=64, largest=1024, unit=1, most_pixels=1024**2, square=True, default_steps=20, default_guidance=3.0,
    takes_guidance=True, takes_negative=False, takes_image=False,
)  # fmt: skip
WIDE = replace(
    TINY, name="wide", output_width=1024, output_height=512, unit=16, largest=2048, square=False,
    takes_negative=True, takes_image=True,
)  # fmt: skip
"""Draws at many sizes, takes a negative prompt and a picture."""
PIXEL = io.BytesIO()
Image.new("RGB", (1, 1)).save(PIXEL, "PNG")
PNG = PIXEL.getvalue()
PIXEL = io.BytesIO()
Image.new("L", (1, 1), 255).save(PIXEL, "PNG")
MASK = PIXEL.getvalue()
PIXEL = io.BytesIO()
Image.new("RGB", (2, 1)).save(PIXEL, "PNG")
WIDER = PIXEL.getvalue()


def test_defaults_are_filled_in() -> None:
    spec = to_spec(Asked("un crabe"), TINY)
    assert (spec.count, spec.size, spec.steps, spec.previews, spec.model) == (1, "256x256", 20, 4, "tiny")
    assert 0 <= spec.seed < 2**31


@pytest.mark.parametrize(("asked", "kept"), [(None, "auto"), ("", "auto"), ("auto", "auto"), ("low", "low")])
def test_how_strictly_to_judge(asked: str | None, kept: str) -> None:
    assert to_spec(Asked("a crab", moderation=asked), TINY).moderation == kept


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
        (Asked("a", moderation="none"), "moderation"),
        (Asked("a", moderation=1), "moderation"),
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
        (Asked("a", guidance=-0.1), "guidance"),
        (Asked("a", guidance=21), "guidance"),
        (Asked("a", guidance=float("nan")), "guidance"),
        (Asked("a", guidance="3"), "guidance"),
        (Asked("a", negative_prompt="b"), "negative_prompt"),
        (Asked("a", image=PNG), "image"),
        (Asked("a", strength=0.5), "strength"),
        (Asked("a", mask=MASK), "mask"),
        (Asked("a", image=PNG, mask=MASK), "image"),
        (Asked("a", output_format="gif"), "output_format"),
        (Asked("a", output_format=["png"]), "output_format"),
        (Asked("a", output_compression=101), "output_compression"),
    ],
)
def test_bad_fields_are_named(asked: Asked, field: str) -> None:
    with pytest.raises(Fault) as raised:
        to_spec(asked, TINY)
    assert raised.value.reason is Reason.INVALID_ARGUMENT
    assert raised.value.metadata["field"] == field


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (Asked("a", size="1024x1023"), "size"),
        (Asked("a", size="2048x2048"), "size"),
        (Asked("a", size="2064x64"), "size"),
        (Asked("a", negative_prompt=7), "negative_prompt"),
        (Asked("a", negative_prompt="x" * 32_001), "negative_prompt"),
        (Asked("a", negative_prompt="b", guidance=1.0), "negative_prompt"),
        (Asked("a", negative_prompt="b", guidance=0), "negative_prompt"),
        (Asked("a", image=b"not a picture"), "image"),
        (Asked("a", image=PNG + bytes(2 * 2**20)), "image"),
        (Asked("a", image=PNG, strength=0), "strength"),
        (Asked("a", image=PNG, strength=1.1), "strength"),
        (Asked("a", image=PNG, strength=True), "strength"),
        (Asked("a", image=PNG, mask=MASK, strength=0), "strength"),
        (Asked("a", mask=MASK), "mask"),
        (Asked("a", image=PNG, mask=b"not a picture"), "mask"),
        (Asked("a", image=PNG, mask=PNG), "mask"),
        (Asked("a", image=PNG, mask=MASK + bytes(2 * 2**20)), "mask"),
        (Asked("a", image=WIDER, mask=MASK), "mask"),
    ],
)
def test_bad_fields_of_a_model_that_takes_more_are_named(asked: Asked, field: str) -> None:
    with pytest.raises(Fault) as raised:
        to_spec(asked, WIDE)
    assert raised.value.reason is Reason.INVALID_ARGUMENT
    assert raised.value.metadata["field"] == field
    assert text(raised.value, "fr") != text(raised.value, "en")


def test_what_a_model_takes_is_kept() -> None:
    spec = to_spec(
        Asked(
            "a", size="1024x512", guidance=7, negative_prompt="b", image=PNG, strength=0.4, output_format="webp",
            output_compression=70,
        ),
        WIDE,
    )  # fmt: skip
    assert (spec.size, spec.guidance, spec.negative_prompt, spec.strength) == ("1024x512", 7.0, "b", 0.4)
    assert (spec.output_format, spec.quality) == ("webp", 70)
    plain = to_spec(Asked("a", negative_prompt=""), WIDE)
    assert (plain.size, plain.guidance, plain.negative_prompt, plain.strength) == ("1024x512", 3.0, None, None)
    assert to_spec(Asked("a", image=PNG), WIDE).strength == 0.6
    assert not to_spec(Asked("a", image=PNG), WIDE).masked


def test_with_a_mask_all_of_it_is_drawn_anew_unless_asked_otherwise() -> None:
    spec = to_spec(Asked("a", image=PNG, mask=MASK), WIDE)
    assert (spec.strength, spec.masked) == (1.0, True)
    assert spec.work == to_spec(Asked("a"), WIDE).work
    assert to_spec(Asked("a", image=PNG, mask=MASK, strength=0.4), WIDE).strength == 0.4


def test_a_spec_survives_its_record_and_an_older_one_is_still_read() -> None:
    spec = to_spec(Asked("a", image=PNG, output_format="webp"), WIDE)
    record = json.loads(json.dumps(asdict(spec)))
    assert unpack_spec(record) == spec
    older = {
        name: record[name] for name in ("prompt", "model", "count", "width", "height", "seed", "steps", "previews")
    }
    assert unpack_spec(older).output_format is Format.PNG


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
    assert body_hash(Asked("a", image=PNG), "tiny") == body_hash(Asked("a", image=PNG), "tiny")
    assert body_hash(Asked("a", image=PNG), "tiny") != body_hash(Asked("a", image=PNG[:-1]), "tiny")
    masks = (b"", MASK, MASK[:-1])
    assert len({body_hash(Asked("a", image=PNG, mask=mask), "tiny") for mask in masks}) == 3
    assert (
        len({body_hash(Asked("a"), "tiny"), body_hash(Asked("b"), "tiny"), body_hash(Asked("a", 2), "tiny")}) == 3
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
FIELDS = sorted({field.name for field in fields(Asked)} - {"prompt", "image", "mask"})


@given(values=st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4), prompt=JSON | st.just("a crab"))
@pytest.mark.parametrize("model", [TINY, WIDE], ids=lambda model: model.name)
def test_whatever_json_holds_is_a_spec_or_a_fault_that_names_its_field(
    model: ModelFacts, values: dict[str, object], prompt: object
) -> None:
    asked = Asked(prompt, **values)  # type: ignore[arg-type]
    assert len(body_hash(asked, model.name)) == 64
    try:
        to_spec(asked, model)
    except Fault as fault:
        assert fault.reason is Reason.INVALID_ARGUMENT and fault.metadata["field"]
