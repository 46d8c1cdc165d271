"""A show of another node, as it is heard on this one: what was relayed goes to the same outlets."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from hls.live import ChunkCut, OnAir, PartCut
from streamer.live.beats import Post
from streamer.live.outlet import Outlet, Title
from streamer.live.relayed import Bill, Broken, Joint, Message, Over, Renewed, Titled, Turned, Unpacker
from streamer.live.shelf import LiveShelf

_FRESH_US: Final = 5_000_000  # older sound than this, beside the newest, is not for those who hear chunks
_AT_ONCE: Final = 200  # a few milliseconds
_FIRST_US: Final = 2_000_000  # and for who only comes; what was before is in the playlist

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class WaysOut:
    """What shows of other nodes are heard by: the shelf, and outlets that want chunks."""

    shelf: LiveShelf
    others: Sequence[Outlet]

    def end(self, show: OnAir) -> None:
        """Nothing more comes of a show."""
        self.shelf.ended(show)
        for outlet in self.others:
            outlet.ended(show)


class FarShow:
    """One run of a show. Nothing is known of it until its first joint is here.

    Attributes:
        post: the last that its node told of it.
        heard_at: when something was heard of it last, seconds of the caller's clock.
        on_air: None until then.
        interrupted: its source is away.
        since_us: since when it is so.
        parts: number of the last part, plus one.
        over: nothing more comes.
    """

    def __init__(self, post: Post, ways: WaysOut, now_s: float, now_us: Callable[[], int]) -> None:
        self.post = post
        self.heard_at = now_s
        self.on_air: OnAir | None = None
        self.bill = Bill("", "", "")
        self.titles: list[Title] = []
        self.interrupted = False
        self.since_us = 0
        self._away = self._silent = False  # its source, as its node says, or its node itself
        self.parts = 0
        self.over = False
        self._ways = ways
        self._now_us = now_us
        self._unpacker = Unpacker()
        self._last = 0
        self._whole = False  # nothing is missing since a joint

    @property
    def title(self) -> Title | None:
        """What plays."""
        return self.titles[-1] if self.titles else None

    def take(self, entries: Sequence[tuple[int, bytes]]) -> Iterator[None]:
        """What its node has relayed, numbered; where numbers are missing, it goes on with the next joint.

        Yields when others may have their turn: a node that comes late has a minute and a half to take.
        """
        fresh_us = _FRESH_US if self._whole else _FIRST_US
        messages: list[Message] = []
        for number, data in entries:
            messages += self._unpack(number, data)
            if number % _AT_ONCE == 0:
                yield
        since_us = self._edge_us(messages) - fresh_us
        for place, message in enumerate(messages, 1):
            if isinstance(message, Joint):
                self._join(message)
            else:
                self._receive(message, since_us)
            if place % _AT_ONCE == 0:
                yield
        self._ways.shelf.reveal(self.post.room)

    def turn(self, *, silent: bool) -> None:
        """How it is seen from here: its node says nothing, or speaks again."""
        self._silent = silent
        if self.on_air is not None and not self.over:
            self._turn(self.on_air, self._now_us())

    def end(self) -> None:
        """Nothing more comes of it. Idempotent."""
        if self.on_air is not None and not self.over:
            self._ways.end(self.on_air)
        self.over = True

    def _unpack(self, number: int, data: bytes) -> Sequence[Message]:
        """Nothing, while something is missing; then a joint first. Joints without need are left out."""
        if number != self._last + 1 and self._whole:
            log.warning("sound of a show is missing here", room=self.post.room, run=self.post.run)
            self._whole = False
        self._last = number
        try:
            messages = self._unpacker.unpack(data)
        except Broken as error:
            log.error("a show of another node is not understood", room=self.post.room, reason=str(error))
            self._whole = False
            return []
        if self._whole:
            return [message for message in messages if not isinstance(message, Joint)]
        self._whole = bool(messages) and isinstance(messages[0], Joint)
        return messages if self._whole else []

    def _edge_us(self, messages: Sequence[Message]) -> int:
        """Time of the newest chunk."""
        show, edge_us = self.on_air, 0
        for message in messages:
            match message:
                case Joint() | Renewed():
                    show = message.show
                case ChunkCut() if show is not None:
                    edge_us = max(edge_us, show.time_us(message.at_ticks))
        return edge_us

    def _receive(self, message: Message, since_us: int) -> None:
        show = self.on_air
        if show is None or self.over:
            return
        match message:
            case ChunkCut():
                if show.time_us(message.at_ticks) >= since_us:
                    for outlet in self._ways.others:
                        outlet.chunk(show, message)
            case PartCut():
                self.parts = message.number + 1
                self._ways.shelf.part(show, message)
            case Renewed():
                self._renew(message.show)
            case Titled():
                self._titled(show, message.title)
            case Turned():
                self._away = message.interrupted
                self._turn(show, message.since_us)
            case Over():
                self.end()

    def _join(self, joint: Joint) -> None:
        before, known = self.on_air, self.titles[-1].number if self.titles else 0
        show = self.on_air = joint.show
        self.bill, self.titles = joint.bill, list(joint.titles)
        self._ways.shelf.follow(show, joint.places, joint.titles)
        for outlet in self._ways.others:
            outlet.started(show)
            for title in joint.titles:
                if before is None or title.number > known:
                    outlet.titled(show, title)
        self._away, self.since_us = joint.interrupted, joint.since_us
        self._turn(show, joint.since_us)

    def _renew(self, show: OnAir) -> None:
        self.on_air = show
        self._ways.shelf.renewed(show)
        for outlet in self._ways.others:
            outlet.renewed(show)

    def _titled(self, show: OnAir, title: Title) -> None:
        self.titles = [title]
        self._ways.shelf.titled(show, title)
        for outlet in self._ways.others:
            outlet.titled(show, title)

    def _turn(self, show: OnAir, since_us: int) -> None:
        interrupted = self._away or self._silent
        if interrupted is not self.interrupted:
            self.interrupted, self.since_us = interrupted, since_us
            for outlet in self._ways.others:
                outlet.interrupted(show, interrupted=interrupted)
