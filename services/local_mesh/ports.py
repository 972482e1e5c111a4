"""Which ports the parts listen on, and whether they can be had."""

import socket
import time
from collections import deque
from dataclasses import asdict, dataclass

_given: deque[int] = deque(maxlen=500)
"""Ports that `free_port` gave last."""
_TRIES = 100


@dataclass(frozen=True)
class Ports:
    """Where the parts listen, on loopback; 0 is any free one."""

    edge_grpc: int
    edge_http: int
    quota: int
    moderator: int
    generator: int
    store: int

    @staticmethod
    def usual() -> "Ports":
        """The documented ports."""
        return Ports(50050, 8080, 50051, 50052, 50053, 0)

    @staticmethod
    def any() -> "Ports":
        """Ports that are free now, for tests and for a second mesh."""
        return Ports(*(free_port() for _ in range(6)))

    def taken(self, patience: float) -> dict[str, int]:
        """Those that somebody else holds after so many seconds, by part. Linux lends the usual ones to outgoing
        connections too, which soon end."""
        limit = time.monotonic() + patience
        while found := {part: port for part, port in asdict(self).items() if not _can_be_had(port)}:
            if time.monotonic() > limit:
                break
            time.sleep(0.1)
        return found


def free_port() -> int:
    """A loopback port nobody listens on right now, and none that was given shortly before: its owner may not
    listen yet."""
    for _ in range(_TRIES):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in _given:
            break
    _given.append(port)
    return port


def _can_be_had(port: int) -> bool:
    with socket.socket() as probe:
        # As a server binds: what a closed connection leaves for a minute is not in its way.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
