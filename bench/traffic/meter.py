"""What a device did, shared with the bench through a small mapped file.

Peers fork, spawn and wrap their workers as they like; a file reaches all of them. One device writes the counters,
the bench writes the switches; every field has one writer.

| field | writer | meaning |
|---|---|---|
| `row_steps` | device | rows run, summed over calls |
| `calls` | device | calls run |
| `hurry` | bench | not 0: calls take no time, so that a backlog nobody waits for is gone at once |
| `load_percent` | bench | the load that comes, for a peer whose waiting is tuned by load |
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

_FIELDS = ("row_steps", "calls", "hurry", "load_percent")
_ONE = struct.Struct("<q")
SIZE = _ONE.size * len(_FIELDS)
VARIABLE = "FOURNIL_BENCH_METER"
"""Environment variable with the file's path, read by the peers' servers."""


class Meter:
    """Fields of the file at `path`, made when it is not there."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(SIZE))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), SIZE)

    def read(self, field: str) -> int:
        """The field's value."""
        return int(_ONE.unpack_from(self._map, _FIELDS.index(field) * _ONE.size)[0])

    def write(self, field: str, value: int) -> None:
        """Sets the field."""
        _ONE.pack_into(self._map, _FIELDS.index(field) * _ONE.size, value)

    def add(self, field: str, value: int) -> None:
        """Adds to the field."""
        self.write(field, self.read(field) + value)

    def close(self) -> None:
        """Unmaps the file; it stays."""
        self._map.close()
