"""The child's side of a worker that makes covers of one picture: limits first, then the work, then the end.

Light to import, because the server imports it too; Pillow is loaded by the forkserver (`worker_preload.py`).
"""

import contextlib
import socket

import msgspec

from streamer.worker_process import Bounds, begin, confine

MAX_PICTURE_BYTES = 16 << 20  # hls.tags.MAX_COVER_BYTES is the same; what people send has a lower bound
MAX_ANSWER_BYTES = 16 << 20
_READ_BYTES = 1 << 20


class Made(msgspec.Struct, frozen=True, tag=True):
    """JPEGs by size. See streamer.picture."""

    covers: dict[int, bytes]


class NoPicture(msgspec.Struct, frozen=True, tag=True):
    """It can't be a cover, in words for who sent it."""

    reason: str


Answer = Made | NoPicture


def main(channel: socket.socket, bounds: Bounds) -> None:
    """Read a picture from `channel` to its end, and answer it there."""
    begin()
    # A server that is gone needs no answer.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        data = _receive(channel)
        channel.sendall(msgspec.msgpack.encode(_answer(data, bounds)))


def _receive(channel: socket.socket) -> bytes:
    data = bytearray()
    while part := channel.recv(_READ_BYTES):
        data += part
        assert len(data) <= MAX_PICTURE_BYTES, "the server has let more in than it may"
    return bytes(data)


def _answer(data: bytes, bounds: Bounds) -> Answer:
    from streamer.picture import PictureRefused, make_covers

    confine(bounds)
    try:
        return Made(make_covers(data))
    except PictureRefused as refused:
        return NoPicture(str(refused))
    except MemoryError:
        return NoPicture(f"the picture needs more than {bounds.memory_bytes >> 20} MiB of memory")
