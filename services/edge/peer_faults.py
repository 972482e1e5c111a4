"""What a peer answered, as a `Fault`."""

import contextlib
from collections.abc import Iterator

import grpc

from services.runtime.wire_errors import from_rpc_error


@contextlib.contextmanager
def faults_of(peer: str) -> Iterator[None]:
    """Inside it, what the peer's call raises is a `Fault`."""
    try:
        yield
    except grpc.aio.AioRpcError as error:
        raise from_rpc_error(error, peer) from error
