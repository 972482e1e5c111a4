"""The whole HTTP surface: native, OpenAI's form, the API's document, probes, page."""

from collections.abc import Callable, Sequence
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from services.edge import openapi
from services.edge.http_boundary import Endpoint, HttpBoundary
from services.edge.openai_errors import shaped
from services.edge.problems import problem
from services.runtime.errors import Fault, Reason

_ANY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
PAGE = Path(__file__).parent / "page"


def build_app(
    api: Sequence[BaseRoute],
    *,
    ready: Callable[[], bool],
    demo_keys: dict[str, str],
) -> Starlette:
    """`api` are the paths under /v1, in the order in which they are tried: most asked first."""

    async def healthz(request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(request: Request) -> Response:
        return PlainTextResponse("ready\n") if ready() else PlainTextResponse("starting\n", 503)

    async def demo_key(request: Request) -> Response:
        if not demo_keys:
            return problem(Fault(Reason.NOT_FOUND, "this mesh gives no demo keys"))
        return JSONResponse(demo_keys)

    async def unserved(request: Request) -> Response:
        return shaped(request.url.path, Fault(Reason.NOT_FOUND, "no such path"))

    routes: list[BaseRoute] = [
        *api,
        Route("/v1/demo-key", demo_key),
        Route("/v1/{rest:path}", unserved, methods=_ANY_METHOD),
        *openapi.routes(),
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Mount("/", StaticFiles(directory=PAGE, html=True, check_dir=False)),
    ]
    return _WebApp(routes=routes, exception_handlers={404: _unmatched, 405: _unmatched})


class _WebApp(Starlette):
    """Its boundary is outermost, and goes to a route whose path has no parameters at once: finding the route and
    wrapping it takes Starlette about as long as the edge takes to refuse a request."""

    def build_middleware_stack(self) -> ASGIApp:
        """Once, at the first request."""
        doors: dict[tuple[str, str], Endpoint] = {}
        for route in self.routes:
            if isinstance(route, Route) and not route.param_convertors:
                for method in route.methods or ():
                    doors.setdefault((method, route.path), route.endpoint)
        return HttpBoundary(super().build_middleware_stack(), shaped, doors)


async def _unmatched(request: Request, error: Exception) -> Response:
    """What no route took, in the shape of where it was asked: a path may hold what no pattern matches."""
    fault = Fault(Reason.NOT_FOUND, "no such path")
    if request.url.path.startswith("/v1/"):
        return shaped(request.url.path, fault)
    status = error.status_code if isinstance(error, HTTPException) else 404
    return PlainTextResponse("not found\n", status)
