"""Around every request that aiohttp answers: an id, a line in the log, origin checks, headers, problems."""

import os
from collections.abc import Awaitable, Callable

import msgspec
import structlog
from aiohttp import hdrs, web

from streamer.auth import same_origin
from streamer.problems import MEDIA_TYPE, OriginRefused, Problem, ProblemDetails, RateLimited, details, plain

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
REQUEST_ID = "X-Request-Id"
_ID = web.RequestKey("request_id", str)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
# The Fetch standard, "CORS protocol": what pages of listed sites may send, and read besides the body.
_ALLOW_METHODS = hdrs.ACCESS_CONTROL_ALLOW_METHODS
_PREFLIGHT = {
    hdrs.ACCESS_CONTROL_ALLOW_HEADERS: "Authorization, Content-Type, Content-Disposition, If-Match",
    hdrs.ACCESS_CONTROL_MAX_AGE: "600",
}
# What the server knows at all: libshout 2.4 asks for it before it brings a source.
_ALLOW_SERVER = "GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE, SOURCE"
_EXPOSED = f"ETag, Location, Retry-After, {REQUEST_ID}"
_API_POLICY = "default-src 'none'; frame-ancestors 'none'"

log = structlog.get_logger()


def install(app: web.Application, origins: frozenset[str]) -> None:
    """Put everything around the application's routes.

    Args:
        origins: sites besides our own that may write, in lower case; "*" for all.
    """

    @web.middleware
    async def annotate(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[_ID] = request_id = os.urandom(8).hex()
        with structlog.contextvars.bound_contextvars(request=request_id):
            response = await _answer(request, handler, origins)
            log.debug("request", method=request.method, path=request.path, status=response.status)
        return response

    async def dress(request: web.Request, response: web.StreamResponse) -> None:
        _dress(request, response, origins)

    app.middlewares.append(annotate)
    app.on_response_prepare.append(dress)


def problem_response(problem: ProblemDetails) -> web.Response:
    """The problem as a response. RFC 9457."""
    response = web.Response(status=problem.status, body=msgspec.json.encode(problem), content_type=MEDIA_TYPE)
    response.headers[hdrs.CACHE_CONTROL] = "no-store"
    if problem.status == 401:
        response.headers[hdrs.WWW_AUTHENTICATE] = 'Bearer realm="veza"'
    if problem.status == 503:
        response.headers[hdrs.RETRY_AFTER] = "5"
    return response


def may_write(request: web.Request, origins: frozenset[str]) -> bool:
    """Whether the page that sent this, if a page did, is ours or a listed one."""
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None or "*" in origins or origin.lower() in origins:
        return True
    return same_origin(origin, request.headers.get(hdrs.HOST, ""))


async def _answer(request: web.Request, handler: Handler, origins: frozenset[str]) -> web.StreamResponse:
    if request.path == "*":  # RFC 9110 9.3.7; the front door lets it through for OPTIONS alone
        return web.Response(status=204, headers={hdrs.ALLOW: _ALLOW_SERVER})
    try:
        if request.method not in _SAFE_METHODS and not may_write(request, origins):
            raise OriginRefused(f"pages of {request.headers[hdrs.ORIGIN][:200]} may not write here")
        return await handler(request)
    except Problem as problem:
        response = problem_response(details(problem, request.path))
        if isinstance(problem, RateLimited):  # RFC 9110 10.2.3: whole seconds
            response.headers[hdrs.RETRY_AFTER] = str(-(-problem.retry_ms // 1000))
        if request.can_read_body and not request.content.is_eof():
            response.force_close()  # what is left of the body is not worth reading
        return response
    except web.HTTPException as error:
        if error.status < 400:
            raise
        if isinstance(error, web.HTTPMethodNotAllowed) and _is_preflight(request, origins):
            return web.Response(status=204, headers=_PREFLIGHT | {_ALLOW_METHODS: error.headers[hdrs.ALLOW]})
        response = problem_response(plain(error.status, error.reason, error.text or "", request.path))
        if hdrs.ALLOW in error.headers:
            response.headers[hdrs.ALLOW] = error.headers[hdrs.ALLOW]
        return response
    except ConnectionError:
        raise  # the client is gone; aiohttp closes up
    except Exception:
        log.exception("a request failed", method=request.method, path=request.path)
        detail = "the server made a mistake; its log has the details"
        return problem_response(plain(500, "Internal Server Error", detail, request.path))


def _is_preflight(request: web.Request, origins: frozenset[str]) -> bool:
    """A browser asks whether a page of a site that the operator has listed may send such a request."""
    origin = request.headers.get(hdrs.ORIGIN, "").lower()
    asked = request.method == "OPTIONS" and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers
    return asked and (origin in origins or "*" in origins)


def _dress(request: web.Request, response: web.StreamResponse, origins: frozenset[str]) -> None:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers[hdrs.SERVER] = "veza"  # not which versions of what it is made of
    response.headers[REQUEST_ID] = request.get(_ID, "-")
    if request.path.startswith("/api/"):
        response.headers.setdefault("Content-Security-Policy", _API_POLICY)
    if origins and hdrs.ACCESS_CONTROL_ALLOW_ORIGIN not in response.headers:
        response.headers.add(hdrs.VARY, hdrs.ORIGIN)
        origin = request.headers.get(hdrs.ORIGIN)
        if origin is not None and (origin.lower() in origins or "*" in origins):
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
            response.headers.setdefault(hdrs.ACCESS_CONTROL_EXPOSE_HEADERS, _EXPOSED)
