"""Pictures in JSON: what a JSON encoder would have written, without it."""

import base64
import json

import pytest

from services.edge.picture_json import NO_PICTURE_YET, with_pictures

PICTURES = [base64.b64encode(data) for data in (b"\x00\xff" * 50, b"second", b"")]


def test_pictures_stand_in_order_where_the_body_leaves_room() -> None:
    body = {"created": 1, "data": [NO_PICTURE_YET | {"index": index} for index in range(3)], "after": "é"}
    told = json.loads(b"".join(with_pictures(body, PICTURES)))
    pictures = [{"b64_json": one.decode(), "index": index} for index, one in enumerate(PICTURES)]
    assert told == {"created": 1, "data": pictures, "after": "é"}


def test_a_text_that_looks_like_the_room_for_a_picture_stays_a_text() -> None:
    body = {"message": '"b64_json":""', "data": [NO_PICTURE_YET]}
    told = json.loads(b"".join(with_pictures(body, PICTURES[:1])))
    assert told == {"message": '"b64_json":""', "data": [{"b64_json": PICTURES[0].decode()}]}


def test_a_body_without_pictures_is_plain_json() -> None:
    assert b"".join(with_pictures({"url": "http://x/1"})) == b'{"url":"http://x/1"}'


@pytest.mark.parametrize("pictures", [PICTURES[:1], PICTURES], ids=["too few", "too many"])
def test_there_are_as_many_pictures_as_the_body_has_room_for(pictures: list[bytes]) -> None:
    with pytest.raises(ValueError, match="zip"):
        with_pictures({"data": [NO_PICTURE_YET, NO_PICTURE_YET]}, pictures)
