"""The bare route: reads JSON, makes one gRPC call, answers JSON. Same server and loop as the edge.

python -m bench.edge.bare_app PORT NOOP_PORT
"""

import json
import sys

import grpc
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from fournil.quota.v1 import quota_pb2, quota_pb2_grpc


async def main() -> None:
    """Serves until it is ended."""
    port, noop = int(sys.argv[1]), sys.argv[2]
    stub = quota_pb2_grpc.QuotaServiceStub(grpc.aio.insecure_channel(f"127.0.0.1:{noop}"))

    async def ask(request: Request) -> JSONResponse:
        body = json.loads(await request.body())
        answer = await stub.Reserve(quota_pb2.ReserveRequest(model="stone", cost=body["n"]))
        return JSONResponse({"reason": answer.refusal.reason})

    app = Starlette(routes=[Route("/", ask, methods=["POST"])])
    config = uvicorn.Config(
        app, port=port, http="h11", ws="none", lifespan="off", access_log=False, log_level="warning"
    )
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    uvloop.run(main())
