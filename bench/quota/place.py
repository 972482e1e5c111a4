"""A store with accounts, on this machine, and the CPU time of whoever works."""

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.local_mesh.store import LocalStore, start_store
from services.quota.office import Holder
from services.quota.policy_file import load_policy
from services.quota.redis_store import RedisStore
from services.quota.store import Ask

ACCOUNTS = 1_000
MODEL = "crumb"
POLICY = Path(__file__).with_name("policy.toml")
WAITS = {"spent": 3.0, "open": 1.0}
_TICK = os.sysconf("SC_CLK_TCK")
_numbers = itertools.count()


@contextmanager
def store_in(folder: Path) -> Iterator[LocalStore]:
    """A store of our own, ended afterwards."""
    store = start_store(folder)
    try:
        yield store
    finally:
        store.stop()


def new_id() -> str:
    """An id that no call of this process has used."""
    return f"{os.getpid():08d}{next(_numbers):018d}"


def ask(account: str) -> Ask:
    """For one picture."""
    return Ask(new_id(), account, 1, MODEL, 600.0, work=1000, waits=WAITS)


async def open_accounts(store: RedisStore) -> None:
    """ACCOUNTS that have all their live jobs, named spent-0 and so on, and as many that are free to ask."""
    for number in range(ACCOUNTS):
        for tier in ("spent", "open"):
            name = f"{tier}-{number}"
            await store.create_key(f"digest-{name}", Holder(name, tier, f"key_{name}", False), "a benchmark")
        for _ in range(2):
            await store.reserve(ask(f"spent-{number}"))


def policy_store(link: object) -> RedisStore:
    """The desk's store by this benchmark's policy."""
    return RedisStore(link, load_policy(POLICY))  # type: ignore[arg-type]


def cpu_of(pid: int) -> float:
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK
