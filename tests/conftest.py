"""Fixtures that any test may use: a real store."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from services.local_mesh.store import start_store


@pytest.fixture(scope="session")
def valkey_server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One real Valkey for the whole run. Missing binaries fail here: a skipped store would prove nothing."""
    folder: Path = tmp_path_factory.mktemp("valkey")
    store = start_store(folder)
    yield store.url
    store.stop()


@pytest.fixture
def valkey_url(valkey_server_url: str) -> str:
    """The same store, emptied."""
    with redis.Redis.from_url(valkey_server_url) as client:
        client.flushall()
    return valkey_server_url
