"""What the routes of rooms have in common."""

from typing import Any

import msgspec
from aiohttp import hdrs, web

from streamer.payload import JSON
from streamer.problems import OrderFull, Problem, RequestInvalid, RoleMissing, SubjectUnknown
from streamer.room import NewRoom
from streamer.route import Handler, Reply, Route

ROOMS = "/api/v1/rooms"
ROOM = ROOMS + "/{room}"
IN_ROOM = {"room": "The room's name."}
DONE = Reply(204, "It is done.")


def reading(path: str, name: str, summary: str, handler: Handler, kind: Any, **more: Any) -> Route:
    """A list of how things stand, and `more` of what `Route` takes."""
    reply = Reply(200, "As things are now.", {JSON: kind})
    problems = [RequestInvalid, RoleMissing]
    return Route("GET", path, name, summary, handler, [reply], tag="rooms", problems=problems, **more)


def acting(
    method: str, path: str, name: str, summary: str, handler: Handler, reply: Reply = DONE, **more: Any
) -> Route:
    """An act of the chat line, and `more` of what `Route` takes."""
    problems: list[type[Problem]] = [RequestInvalid, RoleMissing, SubjectUnknown, OrderFull]
    problems += more.pop("problems", ())
    return Route(
        *(method, path, name, summary, handler, [reply]), tag="rooms", problems=problems, writes=True, **more
    )


def room_of(request: web.Request) -> str:
    """The room of the path; "" where it is about all of them. Raises RequestInvalid."""
    name = request.match_info.get("room")
    if name is None:
        return ""
    try:
        return msgspec.convert({"name": name}, NewRoom).name
    except msgspec.ValidationError:
        raise RequestInvalid(f"{name[:70]!r} is no name of a room") from None


def as_json(value: Any, *, status: int = 200) -> web.Response:
    """A response that nobody keeps."""
    headers = {hdrs.CACHE_CONTROL: "no-store"}
    return web.Response(status=status, body=msgspec.json.encode(value), content_type=JSON, headers=headers)
