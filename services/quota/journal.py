"""What was granted and ended while the store was away, on this replica's own disk until the store knows of it.

One file of lines a process, each on the disk before it is answered for. A process that starts takes over the files
of those that are no more.
"""

import asyncio
import fcntl
import json
import logging
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from services.quota.reservation import RefundReason

log = logging.getLogger("fournil.quota.journal")

MOST_LINES = 100_000
"""After these nothing more is granted until the store is back."""


@dataclass(frozen=True, slots=True)
class Line:
    """A voucher that was given, or how it ended: `committed` pictures, or a refund."""

    voucher: str
    committed: int = 0
    refunded: RefundReason | None = None


class Journal:
    """Lines of one process in a folder; call from one event loop."""

    def __init__(self, folder: Path) -> None:
        """Opens a file of its own and takes in what ended processes left. Raises OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        self.lines: list[Line] = []
        self._file, self._path = _own(folder)
        self._turn = asyncio.Lock()
        self.lines += _read(self._file)
        for path in sorted(folder.glob("*.jsonl")):
            if path != self._path:
                self._take_over(path)

    @property
    def full(self) -> bool:
        """Whether it takes no more grants."""
        return len(self.lines) >= MOST_LINES

    async def write(self, line: Line) -> None:
        """Returns when the line is on the disk. Raises OSError."""
        async with self._turn:
            await asyncio.to_thread(self._append, [line])
            self.lines.append(line)

    async def done(self, count: int) -> None:
        """The store knows of the first `count` lines. They stay in the file until all are known: to tell the store
        twice is harmless. Raises OSError."""
        async with self._turn:
            if len(self.lines) == count:
                await asyncio.to_thread(os.ftruncate, self._file, 0)
            self.lines = self.lines[count:]

    def close(self) -> None:
        """Gives the file up to the next process."""
        os.close(self._file)

    def _take_over(self, path: Path) -> None:
        try:
            other = _lock(path)
        except BlockingIOError:
            return  # its process lives
        try:
            if left := _read(other):
                self._append(left)
                self.lines += left
                os.ftruncate(other, 0)
        finally:
            os.close(other)

    def _append(self, lines: Sequence[Line]) -> None:
        size = os.lseek(self._file, 0, os.SEEK_END)
        text = "".join(json.dumps(asdict(line), separators=(",", ":")) + "\n" for line in lines)
        data = text.encode()
        try:
            while data:
                data = data[os.write(self._file, data) :]
            os.fdatasync(self._file)
        except OSError:
            os.ftruncate(self._file, size)
            raise


def _own(folder: Path) -> tuple[int, Path]:
    number = 0
    while True:
        path = folder / f"journal-{number}.jsonl"
        try:
            return _lock(path), path
        except BlockingIOError:
            number += 1


def _lock(path: Path) -> int:
    """An open file that no other process has. Raises BlockingIOError."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        raise
    return file


def _read(file: int) -> list[Line]:
    """The lines; a last one that was torn when its process died is cut off: nobody was told of it."""
    with os.fdopen(os.dup(file), "rb") as reader:
        reader.seek(0)
        raw = reader.read()
    whole = raw[: raw.rfind(b"\n") + 1]
    os.ftruncate(file, len(whole))
    lines = []
    for number, row in enumerate(whole.splitlines(), 1):
        try:
            fields = json.loads(row)
            refunded = RefundReason(fields["refunded"]) if fields["refunded"] else None
            lines.append(Line(str(fields["voucher"]), int(fields["committed"]), refunded))
        except (ValueError, KeyError, TypeError):
            log.error("journal line cannot be read", extra={"number": number})
    return lines
