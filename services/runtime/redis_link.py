"""How a service reaches Redis or Valkey for what need not be fast: bounded waits, scripts by hash, and errors
translated to `Fault`. The desk's way is `pipelined`.

Every command waits at most `BUDGET` seconds and is tried once more on a fresh connection when the old one had
died (a restarted server leaves stale pools behind), which is safe because every script is idempotent.
"""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import redis.asyncio as redis
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import ConstantBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from services.runtime.errors import Fault, Reason
from services.runtime.redis_servers import Address, read_url

BUDGET = 2.0
"""Seconds one command may take, connecting included."""

Result = TypeVar("Result")


class RedisLink:
    """A pooled client for the URLs of `redis_servers`. Text in, text out."""

    def __init__(self, url: str, *, max_connections: int = 64) -> None:
        # Any: the stubs cannot tell that decode_responses makes every reply text.
        self.text: Any
        self.text, self._seeds = _clients(read_url(url), url, max_connections)

    def script(self, *paths: Path) -> "Script":
        """One Lua script of these files, one after the other; the last one names it."""
        return Script(self, "\n".join(path.read_text(encoding="utf-8") for path in paths), paths[-1].stem)

    async def do(self, command: Callable[[], Awaitable[Result]]) -> Result:
        """Awaits `command()`; Redis trouble becomes UNAVAILABLE, its text stays in here."""
        try:
            return await command()
        except (RedisConnectionError, RedisTimeoutError) as error:
            raise Fault(Reason.UNAVAILABLE, "the store does not answer", retry_after=1.0, peer="redis") from error
        except RedisError as error:
            raise Fault(Reason.INTERNAL, "the store refused a command", peer="redis") from error

    async def close(self) -> None:
        """Closes every connection."""
        for client in (self.text, *self._seeds):
            await client.aclose()


class Script:
    """One Lua script, sent by hash and loaded when the server does not know it (yet, or any more)."""

    def __init__(self, link: RedisLink, source: str, name: str) -> None:
        self._link = link
        self._script = link.text.register_script(source)
        self.name = name

    async def __call__(self, keys: Sequence[str], args: Sequence[str | int | float]) -> Any:
        """The script's reply. Raises Fault UNAVAILABLE or INTERNAL."""
        return await self._link.do(lambda: self._script(keys=list(keys), args=list(args)))


def _clients(address: Address, url: str, max_connections: int) -> tuple[Any, Sequence[Any]]:
    """The client, and those that it asks where the master is."""
    options: dict[str, Any] = {
        "socket_timeout": BUDGET,
        "socket_connect_timeout": BUDGET,
        "retry": Retry(ConstantBackoff(0.02), 1),
        "retry_on_error": [RedisConnectionError],
        "health_check_interval": 15,
        "decode_responses": True,
    }
    if not address.kind:
        pool = redis.BlockingConnectionPool.from_url(
            url, max_connections=max_connections, timeout=BUDGET, **options
        )
        return redis.Redis.from_pool(pool), ()
    options |= {
        "username": address.username or None,
        "password": address.password or None,
        "ssl": address.tls is not None,
        **address.tls_options,
    }
    if address.kind == "sentinel":
        asking = {"socket_timeout": BUDGET, "ssl": address.tls is not None, **address.tls_options}
        sentinels = Sentinel(address.seeds, sentinel_kwargs=asking)
        master = sentinels.master_for(address.service, db=address.db, max_connections=max_connections, **options)
        return master, sentinels.sentinels
    seeds = [ClusterNode(host, port) for host, port in address.seeds]
    return redis.RedisCluster(startup_nodes=seeds, max_connections=max_connections, **options), ()
