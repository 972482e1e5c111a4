"""When a caller is told to come again: never before it is any use."""

import pytest

from services.edge.problems import retry_headers
from services.runtime.errors import Fault, Reason

NEVER = {"x-should-retry": "false"}


@pytest.mark.parametrize(
    ("wait", "told"),
    [(0.01, "1"), (1.0, "1"), (1.2, "2"), (2.5, "3"), (3.4, "4"), (59.2, "60"), (60.0, "60")],
)
def test_whoever_waits_as_long_as_told_does_not_come_too_soon(wait: float, told: str) -> None:
    assert retry_headers(Fault(Reason.ASKED_TOO_FAST, "", retry_after=wait)) == {"retry-after": told}


def test_a_long_wait_is_not_put_where_a_client_would_sleep_for_it() -> None:
    assert retry_headers(Fault(Reason.ALLOWANCE_SPENT, "", retry_after=60.1)) == NEVER


def test_without_a_time_only_what_may_pass_is_tried_again() -> None:
    assert retry_headers(Fault(Reason.UNAVAILABLE, "")) == {}
    assert retry_headers(Fault(Reason.INVALID_ARGUMENT, "")) == NEVER
