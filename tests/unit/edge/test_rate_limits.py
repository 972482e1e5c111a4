"""Limits as headers: what is left after the request, of the limit that binds first."""

from services.edge.peers import Limit
from services.edge.rate_limits import LimitsSeen, headers, note, seen

NOW = 1_000.0
DAILY = Limit("daily", 20, 5, 2, NOW + 3_723.0)
ASKS = Limit("asks", 10, 9, 0, NOW + 6.0, "jobs")
LIVE = Limit("live", 2, 0, 1, None, "jobs")
LINE = Limit("line", 10_000, 0, 3, None, "jobs")
WORK = Limit("effort", 50_000, 1_000, 0, NOW + 0.05, "work")


def test_both_vocabularies_say_what_is_left_once_the_request_has_its_share() -> None:
    noted = LimitsSeen([DAILY, WORK, ASKS, LIVE, LINE], {"pictures": 3, "work": 3_000, "jobs": 1})
    assert headers(noted, NOW) == {
        "ratelimit-policy": (
            '"daily";q=20;qu="images", "effort";q=50000;qu="work", "asks";q=10;qu="requests", '
            '"live";q=2;qu="concurrent-requests"'
        ),
        "ratelimit": '"daily";r=10;t=3723, "effort";r=46000;t=1, "asks";r=0;t=6, "live";r=0',
        "x-ratelimit-limit-images": "20",
        "x-ratelimit-remaining-images": "10",
        "x-ratelimit-reset-images": "1h2m3s",
        "x-ratelimit-limit-requests": "10",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "6s",
    }


def test_a_refusal_took_nothing_and_nothing_left_is_never_negative() -> None:
    found = headers(LimitsSeen([Limit("daily", 3, 2, 2, NOW + 0.12)]), NOW)
    assert (found["x-ratelimit-remaining-images"], found["x-ratelimit-reset-images"]) == ("0", "120ms")


def test_an_answer_for_which_the_desk_was_not_asked_has_none() -> None:
    assert headers(LimitsSeen(), NOW) == {} == headers(LimitsSeen([LINE]), NOW)


def test_a_name_that_could_break_a_header_is_left_out() -> None:
    assert headers(LimitsSeen([Limit('a"\r\nx: y', 1, 0, 0, None)]), NOW) == {}


def test_what_is_noted_reaches_the_request_that_is_served() -> None:
    note([DAILY])
    mine = LimitsSeen()
    token = seen.set(mine)
    note([DAILY], {"pictures": 1})
    seen.reset(token)
    assert (mine.limits, mine.took) == ([DAILY], {"pictures": 1})
