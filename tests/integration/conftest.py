"""What several files of integration tests start."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.moderator_processes import Taster, tasters


@pytest.fixture
async def pair(valkey_url: str) -> AsyncIterator[list[Taster]]:
    """Two moderators over one store."""
    async with tasters(valkey_url, 2) as both:
        yield both
