"""The noise a seed means: what `torch.randn` gives on a CPU after `torch.manual_seed(seed)`, without torch.

So a picture depends on its own seed alone, never on what else is in the batch, and seeds mean here what they
mean to anyone who runs the same model with torch. MT19937 gives 24-bit uniforms; Box-Muller turns blocks of 16
into normals, the first eight of a block with the last eight. Equal to torch up to the last bits of log and cos.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_BLOCK = 16


def normal(seed: int, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Standard normal numbers of `shape` (at least 16 of them) for a seed from 0 to 2**32 - 1."""
    return Stream(seed).draw(shape)


class Stream:
    """What one torch generator gives, call after call: for steps that stir fresh noise in."""

    def __init__(self, seed: int) -> None:
        """`seed` is 0 to 2**32 - 1."""
        self._source = np.random.RandomState(seed)

    def draw(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """The next numbers. Raises ValueError for fewer than 16."""
        size = math.prod(shape)
        if size < _BLOCK:
            raise ValueError(f"at least {_BLOCK} numbers, not {size}")
        whole = size - size % _BLOCK
        uniform = _uniform(self._source, size)
        numbers = np.empty(size, np.float32)
        numbers[:whole] = _box_muller(uniform[:whole])
        if whole < size:
            # torch draws the last block anew so that it is whole, over the end of the one before it.
            numbers[-_BLOCK:] = _box_muller(_uniform(self._source, _BLOCK))
        return numbers.reshape(shape)


def _uniform(source: np.random.RandomState, count: int) -> NDArray[np.float32]:
    """float32[count] in [0, 1), from the low 24 bits of each draw."""
    draws = source.randint(0, 2**32, count, np.uint32)
    return (draws & np.uint32(0xFFFFFF)).astype(np.float32) * np.float32(2**-24)


def _box_muller(uniform: NDArray[np.float32]) -> NDArray[np.float32]:
    """Normals from a whole number of blocks."""
    halves = uniform.reshape(-1, 2, _BLOCK // 2)
    radius = np.sqrt(np.float32(-2.0) * np.log(np.float32(1.0) - halves[:, 0]))
    angle = np.float32(2.0 * math.pi) * halves[:, 1]
    return np.stack((radius * np.cos(angle), radius * np.sin(angle)), axis=1).reshape(-1)
