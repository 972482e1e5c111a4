"""The journal: what was written is there again, whatever died."""

from pathlib import Path

import pytest

from services.quota.journal import Journal, Line
from services.quota.reservation import RefundReason

LINES = [Line("one"), Line("one", committed=2), Line("two", refunded=RefundReason.IMAGE_REFUSED)]


async def written(folder: Path, lines: list[Line]) -> Journal:
    journal = Journal(folder)
    for line in lines:
        await journal.write(line)
    return journal


async def test_what_was_written_is_read_by_the_next_process(tmp_path: Path) -> None:
    (await written(tmp_path, LINES)).close()
    assert Journal(tmp_path).lines == LINES


async def test_what_is_done_is_gone(tmp_path: Path) -> None:
    journal = await written(tmp_path, LINES)
    await journal.done(3)
    assert journal.lines == []
    journal.close()
    assert Journal(tmp_path).lines == []


async def test_what_comes_while_the_store_is_told_stays(tmp_path: Path) -> None:
    journal = await written(tmp_path, LINES)
    await journal.done(2)
    assert journal.lines == LINES[2:]
    journal.close()
    # Told again after a crash, which is harmless; never forgotten.
    assert Journal(tmp_path).lines == LINES


async def test_a_torn_last_line_is_cut_off(tmp_path: Path) -> None:
    journal = await written(tmp_path, LINES)
    journal.close()
    path = tmp_path / "journal-0.jsonl"
    path.write_bytes(path.read_bytes()[:-7])
    again = Journal(tmp_path)
    assert again.lines == LINES[:2]
    await again.write(LINES[2])
    again.close()
    assert Journal(tmp_path).lines == LINES


async def test_two_processes_have_a_file_each_and_the_next_takes_both(tmp_path: Path) -> None:
    first, second = await written(tmp_path, LINES[:1]), await written(tmp_path, LINES[1:])
    assert second.lines == LINES[1:]
    first.close()
    second.close()
    assert sorted(line.voucher for line in Journal(tmp_path).lines) == ["one", "one", "two"]


async def test_a_full_disk_leaves_whole_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = await written(tmp_path, LINES[:1])

    def full(file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("services.quota.journal.os.fdatasync", full)
    with pytest.raises(OSError):
        await journal.write(LINES[1])
    monkeypatch.undo()
    assert journal.lines == LINES[:1]
    await journal.write(LINES[2])
    journal.close()
    assert Journal(tmp_path).lines == [LINES[0], LINES[2]]
