"""A grpc.aio server of the desk's messages that decides nothing: what a call costs before anything is done in it.

python -m bench.quota.noop PORT
"""

import asyncio
import sys

import grpc
import uvloop
from google.protobuf.timestamp_pb2 import Timestamp

from fournil.quota.v1 import quota_pb2, quota_pb2_grpc

ANSWER = quota_pb2.ReserveResponse(
    refusal=quota_pb2.Refusal(reason="TOO_MANY_LIVE_JOBS", policy="live"),
    verdicts=[
        quota_pb2.PolicyVerdict(
            policy=name, limit=20, used=1, held=2, reset_time=Timestamp(seconds=1_800_000_000), unit=1
        )
        for name in ("daily", "asks", "live", "line")
    ],
    level=quota_pb2.SURGE_LEVEL_NORMAL,
)
"""As large as a refusal of the desk."""


class Noop(quota_pb2_grpc.QuotaServiceServicer):
    """Answers at once."""

    async def Reserve(self, request: quota_pb2.ReserveRequest, context: object) -> quota_pb2.ReserveResponse:
        return ANSWER


async def main() -> None:
    """Serves until it is ended."""
    server = grpc.aio.server()
    quota_pb2_grpc.add_QuotaServiceServicer_to_server(Noop(), server)
    server.add_insecure_port(f"127.0.0.1:{sys.argv[1]}")
    await server.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())
