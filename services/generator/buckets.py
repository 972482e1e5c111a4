"""Few sizes of a call: where kernels are chosen by shape, a call is filled up to the next of them.

A provider on a GPU looks for kernels, and makes room, for every shape that it sees; a call of 5 rows after calls
of 4 and 8 would cost its search in the middle of traffic. On a CPU time grows with the rows and nothing is won.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def sizes(most: int) -> list[int]:
    """1, 2, 4, ... and `most`."""
    powers = [2**power for power in range(most.bit_length())]
    return powers if powers[-1] == most else [*powers, most]


def bucket(rows: int, most: int) -> int:
    """The least of the sizes that holds `rows`; more than `most` stay what they are."""
    return next((size for size in sizes(most) if size >= rows), rows)


def filled(feed: Mapping[str, NDArray[Any]], by_row: Collection[str], rows: int) -> dict[str, NDArray[Any]]:
    """The feed with the inputs in `by_row`, [B, ...], filled up to `rows` by repeating the last row: numbers that
    the model is known to bear. The answers to them are to be cut off."""
    return {
        name: np.concatenate([values, np.repeat(values[-1:], rows - len(values), axis=0)])
        if name in by_row and len(values) < rows
        else values
        for name, values in feed.items()
    }
