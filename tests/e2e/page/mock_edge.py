"""A small stand-in for the edge's REST surface, to drive the page through what a real mesh shows only rarely.

Its state is a `Kitchen`, which tests turn as they need it. `test_real_edge.py` holds its shapes against those of
the real edge.

To look at the page by hand: `python -m tests.e2e.page.mock_edge 8090`.
"""

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.local_mesh.ports import free_port
from tests.e2e.page.mock_kitchen import Kitchen
from tests.e2e.page.mock_orders import MockOrders
from tests.e2e.page.mock_status import MockStatus

PAGE = Path(__file__).resolve().parents[3] / "services" / "edge" / "page"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def app(kitchen: Kitchen) -> ASGIApp:
    """The mock under the content policy that the real edge sends."""
    api = [*MockOrders(kitchen).routes(), *kitchen.trust.routes(), *MockStatus(kitchen).routes()]
    bare = Starlette(routes=[*api, Mount("/", StaticFiles(directory=PAGE, html=True))])

    async def with_policy(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                answer["content-security-policy"] = PAGE_POLICY
                answer["x-request-id"] = "mock-request-1"
            await send(message)

        await bare(scope, receive, send_policy)

    return with_policy


@contextlib.contextmanager
def served(kitchen: Kitchen) -> Iterator[str]:
    """A mock edge in a thread of its own, for as long as it is needed; its address."""
    port = free_port()
    config = uvicorn.Config(
        app(kitchen), port=port, log_level="warning", ws="none", lifespan="off", timeout_graceful_shutdown=5
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{port}"
    for _ in range(200):
        try:
            httpx.get(f"{address}/v1/queue", timeout=1)
            break
        except httpx.TransportError:
            time.sleep(0.02)
    try:
        yield address
    finally:
        server.should_exit = True
        thread.join(10)


if __name__ == "__main__":
    uvicorn.run(app(Kitchen()), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
