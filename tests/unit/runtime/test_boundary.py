"""The small promises every call relies on."""

import pytest
from google.rpc import error_details_pb2, status_pb2
from hypothesis import given
from hypothesis import strategies as st

from fournil.errors.v1 import errors_pb2
from services.runtime import call_context
from services.runtime.errors import Fault, Reason
from services.runtime.settings import Environment, SettingsError, split_address
from services.runtime.wire_errors import CODES, to_status


def test_reasons_are_those_of_the_proto() -> None:
    names = {name.removeprefix("ERROR_REASON_") for name in errors_pb2.ErrorReason.keys()}  # noqa: SIM118
    assert names - {"UNSPECIFIED"} == set(Reason)
    assert set(CODES) == set(Reason)


@pytest.mark.parametrize("reason", list(Reason))
def test_every_fault_has_a_status_with_details(reason: Reason) -> None:
    status = to_status(Fault(reason, "why", retry_after=2.5, field="f", policy="p"), localized=("fr", "pourquoi"))
    assert status.code is CODES[reason]
    assert status.details == "why"
    assert any(key == "grpc-status-details-bin" for key, _ in status.trailing_metadata)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"), ("", "en"), ("fr", "fr"), ("fr-CA,fr;q=0.9,en;q=0.8", "fr"), ("en-US,fr;q=0.9", "en"),
        ("de,fr;q=0.5", "fr"), ("en;q=0.2,fr;q=0.9", "fr"), ("es", "en"), ("fr;q=abc", "en"), (";;;,,,", "en"),
    ],
)  # fmt: skip
def test_language_is_picked_by_quality(header: str | None, language: str) -> None:
    assert call_context.pick_language(header) == language


@given(st.one_of(st.text(), st.binary()))
def test_request_ids_never_carry_anything_odd(offered: str | bytes) -> None:
    accepted = call_context.accept_request_id(offered)
    assert accepted and len(accepted) <= 128 and accepted.isascii() and accepted.isprintable()
    assert " " not in accepted


def test_settings_name_the_variable() -> None:
    env = Environment({"COUNT": "x", "BIG": "99", "WAIT": "-1", "EMPTY": ""})
    assert env.text("EMPTY", "fallback") == "fallback"
    for read in (
        lambda: env.text("MISSING"),
        lambda: env.integer("COUNT", 1, low=0, high=9),
        lambda: env.integer("BIG", 1, low=0, high=9),
        lambda: env.seconds("WAIT", 1.0),
    ):
        with pytest.raises(SettingsError, match=r"MISSING|COUNT|BIG|WAIT"):
            read()


def test_addresses_are_split_or_refused() -> None:
    assert split_address("0.0.0.0:80") == ("0.0.0.0", 80)
    for bad in ("80", ":80", "host:", "host:x", "host:99999"):
        with pytest.raises(SettingsError):
            split_address(bad)


@pytest.mark.parametrize("url", ["/v1/moderation/appeals", ""])
def test_a_refusal_that_can_be_questioned_says_where(url: str) -> None:
    status = to_status(Fault(Reason.MODERATION_BLOCKED, "no", appeal_url=url))
    told = status_pb2.Status.FromString(dict(status.trailing_metadata)["grpc-status-details-bin"])
    links = []
    for detail in told.details:
        found = error_details_pb2.Help()
        if detail.Unpack(found):
            links += [link.url for link in found.links]
    assert links == ([url] if url else [])
