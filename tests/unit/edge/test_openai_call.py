"""OpenAI's parameters: what means something is checked, the rest taken; retries are told from first tries."""

from typing import Any

import pytest
from starlette.datastructures import Headers

from services.edge.form_body import Form
from services.edge.messages import text
from services.edge.openai_call import Attempt, attempt, edit, generation
from services.runtime.errors import Fault, Reason


def refused(body: dict[str, Any]) -> Fault:
    with pytest.raises(Fault) as fault:
        generation(body)
    assert fault.value.reason is Reason.INVALID_ARGUMENT
    return fault.value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n", 0), ("n", 11), ("n", "2"), ("n", True), ("n", 1.0),
        ("partial_images", -1), ("partial_images", 4), ("partial_images", []),
        ("output_compression", -1), ("output_compression", 101),
        ("stream", "yes"), ("stream", 1),
        ("response_format", "png"), ("response_format", {}),
        ("quality", "best"), ("background", "transparent"), ("background", []), ("moderation", "off"),
        ("user", 7), ("user", "x" * 513), ("safety_identifier", ["a"]),
    ],
)  # fmt: skip
def test_what_means_something_is_checked_and_named_in_both_languages(name: str, value: object) -> None:
    fault = refused({"prompt": "a crab", name: value})
    assert fault.metadata["field"] == name
    french = text(fault, "fr")
    assert name in french and fault.metadata["detail"] not in french


def test_what_means_nothing_here_is_taken() -> None:
    call = generation(
        {
            "prompt": "a crab", "n": 2, "quality": "hd", "background": "auto", "moderation": "low",
            "style": "vivid",
            "user": "u-1", "output_compression": 0, "partial_images": 3, "tools": [{"any": "thing"}], "size": None,
        }
    )  # fmt: skip
    assert (call.asked.prompt, call.asked.count, call.asked.output_compression) == ("a crab", 2, 1)
    assert call.asked.previews == 0, "previews are for streams"
    assert generation({"prompt": "a", "stream": True, "partial_images": 3}).asked.previews == 3


@pytest.mark.parametrize(
    ("model", "asked", "form"),
    [
        (None, None, "url"),
        ("fournil-mini", None, "url"),
        ("dall-e-3", None, "url"),
        ("gpt-image-1", None, "b64_json"),
        ("chatgpt-image-latest", None, "b64_json"),
        ("gpt-image-1", "url", "url"),
        ("dall-e-2", "b64_json", "b64_json"),
        (["gpt-image-1"], None, "url"),
    ],
)
def test_pictures_are_answered_as_clients_of_that_model_expect(model: object, asked: object, form: str) -> None:
    assert generation({"prompt": "a", "model": model, "response_format": asked}).form == form


def test_a_form_reads_as_the_json_it_stands_for() -> None:
    fields = {
        "prompt": "a boat",
        "n": "2",
        "strength": "0.4",
        "stream": "true",
        "partial_images": "1",
        "size": "auto",
    }
    call = edit(Form(fields, {"image": [b"png"]}))
    assert (call.asked.count, call.asked.strength, call.asked.previews) == (2, 0.4, 1)
    assert (call.stream, call.kind, call.asked.image) == (True, "image_edit", b"png")
    assert edit(Form({"prompt": "a"}, {"image[]": [b"png"]})).asked.image == b"png"
    masked = edit(Form({"prompt": "a"}, {"image": [b"png"], "mask": [b"hole"]})).asked
    assert (masked.image, masked.mask, call.asked.mask) == (b"png", b"hole", b"")


@pytest.mark.parametrize(
    ("fields", "files", "field"),
    [
        ({}, {}, "image"),
        ({"image": "text"}, {}, "image"),
        ({}, {"image": [b""]}, "image"),
        ({}, {"image[]": [b"1", b"2"]}, "image"),
        ({}, {"image": [b"1"], "image[]": [b"2"]}, "image"),
        ({}, {"mask": [b"2"]}, "image"),
        ({}, {"image": [b"1"], "mask": [b""]}, "mask"),
        ({}, {"image": [b"1"], "mask": [b"2", b"3"]}, "mask"),
        ({"mask": "text"}, {"image": [b"1"]}, "mask"),
        ({"n": "two"}, {"image": [b"1"]}, "n"),
        ({"n": "99999999999999999999"}, {"image": [b"1"]}, "n"),
        ({"stream": "perhaps"}, {"image": [b"1"]}, "stream"),
    ],
)
def test_a_form_that_cannot_be_drawn_from_is_refused(
    fields: dict[str, str], files: dict[str, list[bytes]], field: str
) -> None:
    with pytest.raises(Fault) as fault:
        edit(Form({"prompt": "a", **fields}, files))
    assert fault.value.metadata["field"] == field
    assert fault.value.metadata["detail"] not in text(fault.value, "fr")


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({}, Attempt.FIRST),
        ({"user-agent": "curl/8"}, Attempt.FIRST),
        ({"x-stainless-retry-count": "0", "x-stainless-lang": "python"}, Attempt.FIRST),
        ({"x-stainless-retry-count": "1"}, Attempt.AGAIN),
        ({"x-stainless-retry-count": "12"}, Attempt.AGAIN),
        ({"x-stainless-retry-count": "-1"}, Attempt.FIRST),
        ({"x-stainless-retry-count": "one"}, Attempt.FIRST),
        ({"x-stainless-lang": "python"}, Attempt.UNTOLD),
        ({"user-agent": "ai/6.0.1 ai-sdk/provider-utils/4.0.0 runtime/node.js/20"}, Attempt.UNTOLD),
    ],
)
def test_a_retry_is_told_by_its_headers(headers: dict[str, str], told: Attempt) -> None:
    assert attempt(Headers(headers)) is told
