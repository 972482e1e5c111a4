"""Seconds survive the wire to the microsecond, and what is not known stays unset."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fournil.edge.v1 import edge_pb2
from services.runtime.wire_time import duration, seconds, seconds_if, timestamp


@given(st.floats(-1e9, 1e9))
def test_a_duration_comes_back(value: float) -> None:
    message = duration(value)
    assert message is not None and message.ToMicroseconds() == round(value * 1e6)
    assert seconds(message) == pytest.approx(value, abs=1e-6)


@given(st.floats(0, 4e9))
def test_a_time_comes_back(value: float) -> None:
    message = timestamp(value)
    assert message is not None and message.ToMicroseconds() == round(value * 1e6)
    assert seconds(message) == pytest.approx(value, abs=1e-6)


def test_what_is_not_known_is_not_set() -> None:
    assert duration(None) is timestamp(None) is None
    job = edge_pb2.Job(create_time=timestamp(1.5), end_time=timestamp(None))
    assert seconds_if(job, "create_time") == 1.5
    assert seconds_if(job, "end_time") is None
