"""tus by hand: requests that are cut, wrong, or at the same time."""

import base64

from tests.support.wire import Reply, Wire

UPLOADS = "/api/v1/uploads"
_TYPE = "application/offset+octet-stream"


def fields(**named: str | int) -> dict[str, str]:
    """`Upload_Length=5` as a header field, beside the version."""
    return {"Tus-Resumable": "1.0.0"} | {name.replace("_", "-"): str(value) for name, value in named.items()}


def metadata(**known: str) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in known.items())


def create(url: str, length: int | None, body: bytes = b"", **known: str) -> str:
    """A new upload; its path."""
    size = {"Upload_Length": length} if length is not None else {"Upload_Defer_Length": 1}
    headers = fields(**size, Upload_Metadata=metadata(**({"filename": "a.wav"} | known)))
    if body:
        headers["Content-Type"] = _TYPE
    with Wire(url) as wire:
        reply = wire.request("POST", UPLOADS, headers, body)
    assert reply.status == 201, reply
    return reply.headers["location"]


def look(url: str, path: str) -> Reply:
    with Wire(url) as wire:
        return wire.request("HEAD", path, fields())


def offset(url: str, path: str) -> int:
    reply = look(url, path)
    assert reply.status == 200, reply
    return int(reply.headers["upload-offset"])


def add(url: str, path: str, at: int, body: bytes, **named: str | int) -> Reply:
    """One PATCH."""
    headers = fields(Upload_Offset=at, **named) | {"Content-Type": _TYPE, "Content-Length": str(len(body))}
    with Wire(url) as wire:
        return wire.request("PATCH", path, headers, body)


def begin_adding(wire: Wire, path: str, at: int, size: int) -> None:
    """The head of a PATCH, whose body comes as the test pleases."""
    headers = fields(Upload_Offset=at) | {"Content-Type": _TYPE, "Content-Length": str(size)}
    wire.begin("PATCH", path, headers)


def finish(url: str, path: str, data: bytes) -> Reply:
    """Send what is missing."""
    at = offset(url, path)
    return add(url, path, at, data[at:])
