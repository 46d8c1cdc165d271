"""One connection that gets a progressive stream."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from streamer.live.icy import Block, Inlay, Weaver
from streamer.live.progressive_request import Tune

if TYPE_CHECKING:
    from streamer.live.progressive import Progressive
    from streamer.live.progressive_station import Channel


class Listener(asyncio.Protocol):
    """Takes sound until the show ends, the player goes, or does not read.

    As long as nothing waits in the transport, sound goes past it, straight to the descriptor, as in
    `streamer.websocket.WebSocket`. What the kernel does not take waits in the transport, as the very bytes
    that all listeners share.

    Attributes:
        fd: the descriptor, or -1 when sound must be given to `queue`.
        channel: what it hears; None before and after.
        weaver: puts titles between the sound; None without titles.
        counted: it is one of the audience.
    """

    __slots__ = ("_congested", "_progressive", "channel", "counted", "fd", "transport", "tune", "weaver")

    def __init__(self, progressive: Progressive, transport: asyncio.Transport, tune: Tune) -> None:
        transport.set_write_buffer_limits(0)  # `pause_writing` means: something is left in the buffer
        self.transport = transport
        self.tune = tune
        self.fd = self._descriptor()
        self.channel: Channel | None = None
        self.weaver = Weaver() if tune.titles else None
        self.counted = False
        self._progressive = progressive
        self._congested = False

    def weave(self, block: Block, inlays: Sequence[Inlay]) -> bytes:
        """The sound as this listener wants it."""
        return block.data if self.weaver is None else self.weaver.weave(block, inlays)

    def write(self, data: bytes) -> None:
        """What comes before the sound."""
        self.transport.write(data)

    def queue(self, rest: bytes) -> None:
        """Leave to the transport what the descriptor did not take, unless too much waits there already."""
        progressive, queued_bytes = self._progressive, self.transport.get_write_buffer_size()
        if self._congested and queued_bytes + len(rest) > progressive.limits.max_queue_bytes:
            progressive.stats.slow_total += 1
            self.transport.abort()
            progressive.gone(self)
        else:
            self.transport.write(rest)

    # --- from the transport

    def data_received(self, data: bytes) -> None:
        """What a player may still say is not for us to hear."""

    def pause_writing(self) -> None:
        self._congested = True
        self.fd = -1

    def resume_writing(self) -> None:
        self._congested = False
        if not self.transport.is_closing():
            self.fd = self._descriptor()

    def connection_lost(self, exc: Exception | None) -> None:
        self.fd = -1
        self._progressive.gone(self)

    def _descriptor(self) -> int:
        descriptor: int = self.transport.get_extra_info("socket").fileno()
        return descriptor
