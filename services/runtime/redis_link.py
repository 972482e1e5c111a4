"""How a service reaches Redis or Valkey: bounded waits, scripts by hash, errors translated to `Fault`.

Every command waits at most `BUDGET` seconds and is tried once more on a fresh connection when the old one had
died (a restarted server leaves stale pools behind), which is safe because every script is idempotent.
"""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from services.runtime.errors import Fault, Reason

BUDGET = 2.0
"""Seconds one command may take, connecting included."""

Result = TypeVar("Result")


class RedisLink:
    """A pooled client. Text in, text out, except where a caller asks `raw` for bytes."""

    def __init__(self, url: str, *, max_connections: int = 64) -> None:
        options: dict[str, Any] = {
            "socket_timeout": BUDGET,
            "socket_connect_timeout": BUDGET,
            "retry": Retry(ConstantBackoff(0.02), 1),
            "retry_on_error": [RedisConnectionError],
            "health_check_interval": 15,
        }
        self._pool = redis.BlockingConnectionPool.from_url(
            url, max_connections=max_connections, timeout=BUDGET, decode_responses=True, **options
        )
        # Any: the stubs cannot tell that decode_responses makes every reply text.
        self.text: Any = redis.Redis(connection_pool=self._pool)
        self._raw_pool = redis.BlockingConnectionPool.from_url(
            url, max_connections=max_connections, timeout=BUDGET, decode_responses=False, **options
        )
        self.raw: Any = redis.Redis(connection_pool=self._raw_pool)

    def script(self, path: Path) -> "Script":
        """The Lua script at `path`."""
        return Script(self, path.read_text(encoding="utf-8"), path.stem)

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
        await self.text.aclose()
        await self.raw.aclose()
        await self._pool.disconnect()
        await self._raw_pool.disconnect()


class Script:
    """One Lua script, sent by hash and loaded when the server does not know it (yet, or any more)."""

    def __init__(self, link: RedisLink, source: str, name: str) -> None:
        self._link = link
        self._script = link.text.register_script(source)
        self.name = name

    async def __call__(self, keys: Sequence[str], args: Sequence[str | int | float]) -> Any:
        """The script's reply. Raises Fault UNAVAILABLE or INTERNAL."""
        return await self._link.do(lambda: self._script(keys=list(keys), args=list(args)))
