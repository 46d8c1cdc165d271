"""The bytes of a live source, handed to FFmpeg in the pieces that it needs."""

from collections.abc import Iterator
from typing import Protocol

from hls.iso_boxes import Boxes
from hls.ogg import Links

# What FFmpeg asks for at once: it gets what is there. Small, for it may want as much again before it decodes.
READ_BYTES = 4096


class Bytes(Protocol):
    """A source, read forwards."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes as soon as there are any; none at the end."""
        ...


class Begun:
    """A source whose first bytes were looked at."""

    def __init__(self, head: bytes, source: Bytes) -> None:
        self._head = head
        self._source = source

    def read(self, size: int, /) -> bytes:
        if self._head:
            data, self._head = self._head[:size], self._head[size:]
            return data
        return self._source.read(size)

    def put_back(self, data: bytes) -> None:
        """Let these bytes come next."""
        self._head = data + self._head


class Whole:
    """An MP4, box by box."""

    def __init__(self, source: Bytes) -> None:
        self._source = source
        self._boxes = Boxes()
        self._rest = b""

    def read(self, size: int, /) -> bytes:
        while not self._rest and (data := self._source.read(READ_BYTES)):
            self._rest = self._boxes.feed(data)
        data, self._rest = self._rest[:size], self._rest[size:]
        return data


class Link:
    """One link of a chain; reads no byte of the next."""

    def __init__(self, pages: Iterator[bytes | None]) -> None:
        self._pages = pages
        self._rest = b""
        self._ended = False

    def read(self, size: int, /) -> bytes:
        if not self._rest and not self._ended:
            page = next(self._pages, None)
            self._ended = page is None
            self._rest = page or b""
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    def skip(self) -> None:
        """Read what nobody wanted."""
        while self.read(1 << 16):
            pass


def links(source: Bytes) -> Iterator[Link]:
    ended = False

    def pages() -> Iterator[bytes | None]:
        nonlocal ended
        chain = Links()
        while data := source.read(READ_BYTES):
            yield from chain.feed(data)
        ended = True

    every = pages()
    while not ended:
        link = Link(every)
        yield link
        link.skip()
