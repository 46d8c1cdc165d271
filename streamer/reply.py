"""Answers as they go on the wire, and the memory of those that are asked for again and again."""

from typing import Final

from streamer.answer import Answer, answer
from streamer.heads import Head
from streamer.resource import FileBody, Resource

# Listeners of one player send the same bytes for the same thing, over and over. What a head means, and what a resource
# answers to it, are pure functions: a few thousand results are kept, the oldest goes first. Worst case: 4,096 x 10 KB.
_MAX_KNOWN: Final = 4_096
_MAX_HEAD_BYTES: Final = 1_024
_MAX_BODY_BYTES: Final = 8_192


class Reply:
    """A known request head, and what it was answered last.

    Attributes:
        head: what the bytes mean.
        resource: what `answer` and `wire` were made from; compare by identity before using them.
        answer: the answer of `resource`.
        wire: the complete response for a connection that stays open, with the Date in `date_line`; None unless the
            body is in memory and small.
    """

    __slots__ = ("answer", "date_line", "head", "resource", "wire")

    def __init__(self, head: Head) -> None:
        self.head = head
        self.resource: Resource | None = None
        self.answer: Answer | None = None
        self.wire: bytes | None = None
        self.date_line = b""

    def renew(self, resource: Resource, date_line: bytes) -> Answer:
        """Answers with the resource as it is now; what is small is kept for the next who asks."""
        reply = self.answer
        if reply is None or self.resource is not resource:
            reply = answer(resource, self.head.method, self.head.conditions)
        small = isinstance(resource.body, FileBody) or len(resource.body) <= _MAX_BODY_BYTES
        self.resource, self.answer = (resource, reply) if small else (None, None)
        self.wire = None
        if small and self.head.keep_alive and not self.head.http10:
            body = b"".join([piece for piece in reply.pieces if isinstance(piece, bytes)])
            if len(body) == reply.size_bytes:
                self.wire = b"%b%b\r\n%b" % (reply.head, date_line, body)
                self.date_line = date_line
        return reply


class ReplyMemory:
    """Replies by the exact bytes of the head they answer."""

    def __init__(self) -> None:
        self._known: dict[bytes, Reply] = {}
        #: The reply for a head's bytes, or None: the front door's first question.
        self.get = self._known.get

    def remember(self, raw: bytes, head: Head) -> Reply:
        """A reply for a head; kept unless it is large or carries credentials."""
        reply = Reply(head)
        if len(raw) <= _MAX_HEAD_BYTES and not head.private:
            known = self._known
            if len(known) >= _MAX_KNOWN:
                del known[next(iter(known))]
            known[raw] = reply
        return reply
