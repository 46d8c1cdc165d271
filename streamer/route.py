"""One table entry a route: aiohttp's router and the OpenAPI document are both made from it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web

from streamer.middleware import problem_response
from streamer.payload import explain
from streamer.problems import Problem, RequestInvalid, plain

# The path (with its parameters in `match_info`) and the body stay in the request; the query comes decoded.
Handler = Callable[[web.Request, Any], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Reply:
    """One successful answer.

    Attributes:
        status: 2xx or 3xx.
        description: when, and what it means.
        content: media type -> type of the JSON in it, or None for bytes and text.
        headers: response header field -> its meaning.
    """

    status: int
    description: str
    content: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Route:
    """What a path and a method do.

    Attributes:
        path: with parameters in braces; aiohttp and OpenAPI write them alike.
        name: unique; the operationId.
        query: Struct that the query string is decoded into, or None.
        parameters: path parameter -> its meaning.
        headers: request header field -> its meaning.
        body: media type of the request body -> what it is; empty without one.
        body_optional: the request may come without its body.
        json_body: Struct that a JSON body is decoded into, by the handler; or None.
        problems: what can go wrong besides what every route can: those of its query and its JSON.
        writes: may need a token, and is checked for its origin.
    """

    method: str
    path: str
    name: str
    summary: str
    handler: Handler
    replies: Sequence[Reply]
    description: str = ""
    tag: str = "tracks"
    query: type[msgspec.Struct] | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, str] = field(default_factory=dict)
    body_optional: bool = False
    json_body: type[msgspec.Struct] | None = None
    problems: Sequence[type[Problem]] = ()
    writes: bool = False


def register(app: web.Application, routes: Sequence[Route]) -> None:
    """Put the routes into the application. A GET answers HEAD too."""
    for route in routes:
        handler = _decoding(route)
        if route.method == "GET":
            app.router.add_get(route.path, handler, name=route.name, expect_handler=_expect)
        else:
            app.router.add_route(route.method, route.path, handler, name=route.name, expect_handler=_expect)


def decode_query(request: web.Request, query: type[msgspec.Struct] | None) -> Any:
    """The query string as its Struct; unknown names are left alone.

    Raises:
        RequestInvalid: a value breaks its bounds.
    """
    if query is None:
        return None
    try:
        return msgspec.convert(dict(request.query), query, strict=False)
    except msgspec.ValidationError as error:
        raise RequestInvalid(explain(error, "the query")) from None


def _decoding(route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await route.handler(request, decode_query(request, route.query))

    return handle


async def _expect(request: web.Request) -> web.Response | None:
    """RFC 9110 10.1.1: 100 is sent by who reads the body, after it has judged the head; see uploads."""
    expected = request.headers["Expect"]
    if expected.lower() == "100-continue":
        return None
    return problem_response(
        plain(417, "Expectation Failed", f"Expect is {expected[:200]!r}, not 100-continue", request.path)
    )
