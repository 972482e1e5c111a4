"""What a request may know of the connection that it came on, where the server tells (`http_server`)."""

from typing import Any, Protocol

CONNECTION = "fournil.connection"
"""Under which a request's scope has its connection, in its state."""


class Connection(Protocol):
    """One connection."""

    @property
    def has_room(self) -> bool:
        """Whether what is written now need not wait for the reader."""
        ...

    @property
    def body_is_here(self) -> bool:
        """Whether all of the request's body has come."""
        ...

    async def delivered(self) -> bool:
        """Whether the answer that was just written was taken."""
        ...


def room(scope: Any) -> bool:
    """Whether a write would not wait; False on servers that cannot tell."""
    connection = _of(scope)
    return connection is not None and connection.has_room


def body_is_here(scope: Any) -> bool:
    """Whether reading the body would not wait; False on servers that cannot tell."""
    connection = _of(scope)
    return connection is not None and connection.body_is_here


async def delivered(scope: Any) -> bool:
    """Whether the answer to the request of `scope` was taken; True on servers that cannot tell."""
    connection = _of(scope)
    return connection is None or await connection.delivered()


def _of(scope: Any) -> Connection | None:
    found: Connection | None = scope.get("state", {}).get(CONNECTION)
    return found
