"""Answers as they go on the wire, and the memory of those that are asked for again and again."""

from collections import deque
from typing import Final

from streamer.answer import Answer, answer
from streamer.files import OpenFile
from streamer.heads import Head
from streamer.ranges import Span
from streamer.resource import Found

# Listeners of one player send the same bytes for the same thing, over and over. What a head means, and what a
# resource answers to it, are pure functions: a few thousand results are kept, the oldest goes first.
# At worst 4,096 times 10 KB.
_MAX_KNOWN: Final = 4_096
# What is live is asked for within a moment, by all who hear it, and never again.
_MAX_LIVE: Final = 1_024
TAKES_GZIP: Final = b"gzip"
_MAX_HEAD_BYTES: Final = 1_024
_MAX_BODY_BYTES: Final = 8_192


class Reply:
    """A request head that is known, and what it was answered last.

    `wire` and `span` are the response for a connection that stays open, as long as the shelf finds the very
    object that is in `resource` and the second is the one in `date_line`.

    Attributes:
        head: what the request's bytes mean.
        live: it asks for live media.
        resource: what the rest was made from; None when nothing is at hand.
        date_line: the rendered Date field in `wire`.
        wire: the response head, and the whole body if that is small and in memory.
        span: what follows `wire` from the resource's body.
        size_bytes: of the whole response.
        resident: the open file, if the page cache had all of `span` within this second.
        place: where in that file the span is.
    """

    __slots__ = (
        "_answer",
        "date_line",
        "head",
        "live",
        "place",
        "resident",
        "resource",
        "size_bytes",
        "span",
        "wire",
    )

    def __init__(self, head: Head) -> None:
        self.head = head
        self.live = bool(head.listener)
        self.resource: Found | None = None
        self._answer: Answer | None = None
        self.date_line = b""
        self.wire = b""
        self.span: Span | None = None
        self.size_bytes = 0
        self.resident: OpenFile | None = None
        self.place = Span(0, 1)

    def renew(self, resource: Found, date_line: bytes) -> Answer:
        """Answers with the resource as it is now; what is small is kept at hand for the next who asks."""
        result = self._answer
        if result is None or self.resource is not resource:
            result = answer(resource, self.head.method, self.head.conditions)
        self.resource = self._answer = None
        if self.head.keep_alive and not self.head.http10:
            self._keep(resource, result, date_line)
        return result

    def _keep(self, resource: Found, result: Answer, date_line: bytes) -> None:
        pieces = result.pieces
        if len(pieces) > 1:
            return
        piece = pieces[0] if pieces else b""
        if isinstance(piece, Span):
            self.span = piece
            self.wire = b"%b%b\r\n" % (result.head, date_line)
        elif not isinstance(resource.body, bytes) or len(resource.body) <= _MAX_BODY_BYTES:
            self.span = None
            self.wire = b"%b%b\r\n%b" % (result.head, date_line, piece)
        else:
            return
        self.resource, self._answer, self.date_line = resource, result, date_line
        self.size_bytes = len(self.wire) + (self.span.size_bytes if self.span else 0)
        self.resident = None


class ReplyMemory:
    """Replies by the exact bytes of the head they answer."""

    def __init__(self) -> None:
        self._known: dict[bytes, Reply] = {}
        self._live: deque[bytes] = deque()
        self._shared: dict[bytes, Reply] = {}
        #: The reply for a request line, and the mark of who takes gzip, to whoever says who asks; or None.
        self.shared = self._shared.get
        #: The reply for a head's bytes, or None: the front door's first question.
        self.get = self._known.get

    def remember(self, raw: bytes, head: Head) -> Reply:
        """A reply for a head; kept unless it is large, carries credentials, or is one listener's alone.

        Those of listeners who say who they are differ in nothing that the answer depends on: they share one.
        """
        if head.personal:
            return self.share(raw[: raw.index(b"\n") + 1], head)
        reply = Reply(head)
        if len(raw) <= _MAX_HEAD_BYTES and not head.private:
            known = self._known
            if reply.live:
                self._live.append(raw)
                if len(self._live) > _MAX_LIVE:
                    known.pop(self._live.popleft(), None)
            if len(known) >= _MAX_KNOWN:
                del known[next(iter(known))]
            known[raw] = reply
        return reply

    def share(self, line: bytes, head: Head) -> Reply:
        """A reply for a request line; kept if the answer depends on nothing else that was said but gzip."""
        plain = head.method == "GET" and head.keep_alive and not head.http10 and not head.conditions
        if not plain or "CMCD=" in head.query:
            return Reply(head)
        shared, key = self._shared, line + TAKES_GZIP if head.takes_gzip else line
        reply = shared.get(key)
        if reply is None:
            if len(shared) >= _MAX_LIVE:
                del shared[next(iter(shared))]
            reply = shared[key] = Reply(head)
        return reply
