"""Sizes of calls, and calls that are filled up to them."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.generator.buckets import bucket, filled, sizes


@given(st.integers(1, 300))
def test_sizes_double_and_end_with_the_most(most: int) -> None:
    found = sizes(most)
    assert (found[0], found[-1]) == (1, most)
    assert all(small < large <= 2 * small for small, large in itertools.pairwise(found))


@given(st.integers(1, 300), st.integers(1, 300))
def test_a_bucket_is_the_least_size_that_holds_the_rows(rows: int, most: int) -> None:
    found = bucket(rows, most)
    assert found >= rows
    if rows <= most:
        assert found in sizes(most)
        assert not [size for size in sizes(most) if rows <= size < found]
    else:
        assert found == rows, "what is over the most is called as it is"


@given(st.integers(1, 9), st.integers(0, 9))
def test_what_is_filled_keeps_its_rows_and_repeats_the_last(rows: int, more: int) -> None:
    x = np.random.RandomState(rows).standard_normal((rows, 2, 3)).astype(np.float32)
    ids = np.arange(5)
    feed = filled({"x": x, "ids": ids}, {"x"}, rows + more)
    assert feed["ids"] is ids
    assert feed["x"].shape == (rows + more, 2, 3)
    assert feed["x"].dtype == np.float32
    assert np.array_equal(feed["x"][:rows], x)
    assert all(np.array_equal(row, x[-1]) for row in feed["x"][rows:])
