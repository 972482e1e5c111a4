"""What real clients see of the OpenAI form: every scene, every client, none hangs, one attempt where one is right.

A scene that a client has no call for is skipped and says so. What was seen stands in docs/clients.md.
"""

import base64
import io
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.conformance.conftest import Seen, told
from tests.e2e.conftest import SupervisedMesh

pytestmark = pytest.mark.e2e
ALL_TRIES = 3
"""The first and two retries, which is what every one of these clients does when nothing tells it not to."""
DEAF = {"RetryError"}
"""Errors of clients that do not heed `x-should-retry`: they try again whatever a 429 says, see
`test_spent_allowance`."""


def pictures(one: Seen, many: int) -> list[bytes]:
    """Those that it got, as bytes."""
    assert "error" not in one.told, one.told["error"]
    got = one.told["pictures"]
    assert len(got) == many
    found = [httpx.get(text, timeout=20).content if text.startswith("http") else _bytes(text) for text in got]
    for data in found:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
    return found


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def error(one: Seen) -> dict[str, Any]:
    assert "error" in one.told, one.told
    found: dict[str, Any] = one.told["error"]
    return found


@pytest.mark.parametrize("form", ["b64", "url"])
def test_pictures_come_in_the_form_that_was_asked_for(seen: dict[str, Seen], form: str) -> None:
    one = told(seen, form)
    assert len(set(pictures(one, 2))) == 2
    assert one.used == 2 and (form == "url") == one.told["pictures"][0].startswith("http")


def test_a_name_of_openais_gets_what_its_clients_expect(seen: dict[str, Seen]) -> None:
    one = told(seen, "alias")
    pictures(one, 1)
    assert not one.told["pictures"][0].startswith("http")


def test_a_stream_shows_previews_and_ends_complete(seen: dict[str, Seen]) -> None:
    one = told(seen, "stream")
    pictures(one, 1)
    *before, last = one.told["events"]
    assert last == "image_generation.completed" and set(before) == {"image_generation.partial_image"}


def test_a_refusal_in_a_stream_is_raised(seen: dict[str, Seen]) -> None:
    found = error(told(seen, "stream_refused"))
    assert "moderator" in found["message"]


def test_a_refusal_is_a_bad_request_asked_once(seen: dict[str, Seen]) -> None:
    one = told(seen, "refusal")
    found = error(one)
    assert len(one.attempts) == 1 and one.used == one.held == 0
    assert found["status"] in {400, None} and "moderator" in found["message"]


def test_a_spent_allowance_is_told_at_once(seen: dict[str, Seen]) -> None:
    one = told(seen, "quota")
    found = error(one)
    assert found["status"] in {429, None} and "allowance" in found["message"].lower()
    assert found["class"] in {"RateLimitError", *DEAF}
    assert len(one.attempts) == (ALL_TRIES if found["class"] in DEAF else 1)
    assert one.told["seconds"] < 20 and one.used == one.held == 0


@pytest.mark.parametrize("setting", ["quota_once", "quota_heeded"])
def test_a_client_that_does_not_heed_can_be_set_to_ask_once(seen: dict[str, Seen], setting: str) -> None:
    one = told(seen, setting)
    found = error(one)
    assert (found["class"], found["status"], found["code"]) == ("APICallError", 429, "insufficient_quota")
    assert len(one.attempts) == 1 and one.used == one.held == 0


def test_one_that_was_made_to_heed_still_waits_out_a_short_overload(seen: dict[str, Seen]) -> None:
    one = told(seen, "overload_heeded")
    pictures(one, 2)
    assert one.used == 2 and len(one.attempts) == 3, "refused once, and not again after the wait it was told"


def test_a_short_overload_is_waited_out_by_the_client_itself(seen: dict[str, Seen]) -> None:
    one = told(seen, "overload")
    pictures(one, 2)
    assert one.used == 2 and len(one.attempts) == 3, "refused once, and not again after the wait it was told"


def test_a_lost_connection_is_joined_again_and_charged_once(seen: dict[str, Seen]) -> None:
    one = told(seen, "rejoin")
    pictures(one, 1)
    assert one.cut == 1 and len(one.attempts) == 2
    assert one.used == 1 and [job["state"] for job in one.jobs] == ["committed"], "one job for both attempts"


def test_an_edit_starts_from_the_picture(seen: dict[str, Seen]) -> None:
    one = told(seen, "edit")
    pictures(one, 1)
    assert [job["strength"] for job in one.jobs] == [pytest.approx(one.jobs[0]["strength"])]
    assert one.jobs[0]["strength"] is not None


def test_an_edit_with_a_mask_leaves_the_rest_as_it_is(seen: dict[str, Seen]) -> None:
    one = told(seen, "mask")
    (data,) = pictures(one, 1)
    assert [(job["masked"], job["strength"]) for job in one.jobs] == [(True, 1.0)]
    with Image.open(io.BytesIO(data)) as image:
        width, height = image.size
        kept = image.convert("RGB").crop((width * 5 // 8, 0, width, height))
    # Away from the line between the two colours, where resampling mixes them.
    for half, colour in ((0, (200, 40, 30)), (height * 3 // 4, (30, 60, 200))):
        assert kept.crop((0, half, kept.width, half + height // 4)).getcolors() == [
            (kept.width * (height // 4), colour)
        ]


def test_models_are_listed_and_retrieved(seen: dict[str, Seen], mesh: SupervisedMesh) -> None:
    one = told(seen, "models")
    assert one.told["models"] == ["fournil-mini"] and one.told["retrieved"] == "fournil-mini"
