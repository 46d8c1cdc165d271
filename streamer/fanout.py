"""The same frames to many WebSockets."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

import structlog

from streamer.burst import MAX_BYTES, Burst

if TYPE_CHECKING:
    from streamer.websocket import WebSocket

_MANY = 32  # from here on one call for all is cheaper than one for each
_descriptor = attrgetter("fd")

log = structlog.get_logger()


def write_to_all(sockets: Iterable[WebSocket], frames: bytes) -> None:
    """Write the same frames to many: what the cost of a room is made of.

    A socket that turns out too slow is closed, which may change the collection.
    """
    size_bytes = len(frames)
    every = list(sockets)
    if len(every) >= _MANY and size_bytes <= MAX_BYTES and (burst := every[0].burst) is not None:
        _write_at_once(burst, every, frames)
        return
    write = os.write
    for socket in every:
        try:
            sent_bytes = write(socket.fd, frames)
        except OSError:  # there is no room or no descriptor, or the connection is broken: the transport knows
            sent_bytes = 0
        if sent_bytes != size_bytes:
            socket.queue(frames[sent_bytes:])


def _write_at_once(burst: Burst, sockets: Sequence[WebSocket], frames: bytes) -> None:
    try:
        short = burst.send(array("i", map(_descriptor, sockets)), frames)
    except OSError as error:
        # Clients come back, and say up to where they have the log.
        log.error("io_uring failed; many connections are cut off", error=str(error))
        for socket in sockets:
            socket.abort()
        return
    for place, sent_bytes in short.items():  # no room, no descriptor, or the connection is broken
        sockets[place].queue(frames[max(0, sent_bytes) :])
