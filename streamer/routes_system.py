"""What programs ask the server about itself: alive, ready, metrics, the API's description."""

from collections.abc import Awaitable, Callable, Sequence
from importlib.metadata import version
from typing import Any

import msgspec
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncEngine

from streamer import openapi, openapi_page
from streamer.database import answers
from streamer.problems import ServerStopping
from streamer.route import Reply, Route

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_NO_STORE = {"Cache-Control": "no-store"}


class Health(msgspec.Struct, frozen=True):
    """How the server is."""

    status: str


class SystemRoutes:
    """Health, metrics, OpenAPI."""

    def __init__(
        self,
        engine: AsyncEngine,
        stopping: Callable[[], bool],
        trouble: Callable[[], str | None],
        metrics: Callable[[], Awaitable[bytes]],
    ) -> None:
        """Args: `trouble` says why the chat can't store messages, if it can't."""
        self._engine = engine
        self._trouble = trouble
        self._stopping = stopping
        self._metrics = metrics
        self._document: dict[str, Any] = {}

    def describe(self, routes: Sequence[Route]) -> None:
        """Make the API's description, once, from every route."""
        self._document = openapi.document(routes, version("veza"))

    def routes(self) -> list[Route]:
        """The table."""
        return [
            Route(
                *("GET", "/healthz", "isAlive", "Whether the process runs.", self._alive),
                [Reply(200, "It does.", {"application/json": Health})],
                tag="system",
            ),
            Route(
                *("GET", "/readyz", "isReady", "Whether to send requests here.", self._ready),
                [Reply(200, "The database answers.", {"application/json": Health})],
                tag="system",
                problems=[ServerStopping],
            ),
            Route(
                *("GET", "/metrics", "getMetrics", "Metrics for Prometheus.", self._get_metrics),
                [Reply(200, "Its text format.", {"text/plain": None})],
                description="docs/operations.md lists them.",
                tag="system",
            ),
            Route(
                *("GET", "/api/openapi.json", "getOpenApi", "This description.", self._openapi),
                [Reply(200, "OpenAPI 3.1.", {"application/json": None})],
                tag="system",
            ),
            Route(
                *("GET", "/api/docs", "getDocs", "This description, to read.", self._docs),
                [Reply(200, "A page.", {"text/html": None})],
                tag="system",
            ),
            Route(
                *("GET", "/api/docs.css", "getDocsStyle", "The page's style.", self._style),
                [Reply(200, "A style sheet.", {"text/css": None})],
                tag="system",
            ),
        ]

    async def _alive(self, _request: web.Request, _query: None) -> web.StreamResponse:
        return _json(Health("alive"))

    async def _ready(self, _request: web.Request, _query: None) -> web.StreamResponse:
        if self._stopping():
            raise ServerStopping
        if not await answers(self._engine):
            raise ServerStopping("the database does not answer")
        if trouble := self._trouble():
            raise ServerStopping(trouble)
        return _json(Health("ready"))

    async def _get_metrics(self, _request: web.Request, _query: None) -> web.StreamResponse:
        return web.Response(body=await self._metrics(), headers=_NO_STORE | {"Content-Type": METRICS_TYPE})

    async def _openapi(self, _request: web.Request, _query: None) -> web.StreamResponse:
        return _json(self._document)

    async def _docs(self, _request: web.Request, _query: None) -> web.StreamResponse:
        headers = _NO_STORE | {"Content-Security-Policy": openapi_page.POLICY}
        return web.Response(
            text=openapi_page.render(self._document), content_type="text/html", headers=headers
        )

    async def _style(self, _request: web.Request, _query: None) -> web.StreamResponse:
        return web.Response(text=openapi_page.STYLE, content_type="text/css", headers=_NO_STORE)


def _json(value: Any) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json", headers=_NO_STORE)
