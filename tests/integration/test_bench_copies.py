"""The edge that serves copies a picture's bytes no more often than docs/edge-profile.md has a reason for."""

import shutil

import pytest

from bench.edge import copies


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
async def test_no_copy_is_made_that_has_no_reason() -> None:
    rows = await copies.rows()
    assert [row["name"] for row in rows if not row["holds"]] == []
    assert all(row["ratio"] >= 1 for row in rows), "the counter counts"  # type: ignore[operator]
