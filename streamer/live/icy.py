"""Titles inside of sound, as SHOUTcast began it: after so many bytes of sound one byte, and a text. Pure.

The text is `StreamTitle='...';`, padded with zeros to a whole number of 16 bytes, which the byte before it
counts; 0 means that nothing has changed. There is no specification; what players do is what counts.
"""

import re
from collections.abc import Callable, Sequence

import msgspec

METAINT_BYTES = 16_000
"""Icecast's own: a second at 128 kbit/s. Players show a title with the sound around it."""

MAX_TEXT_BYTES = 255 * 16
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_BEGIN, _END = b"StreamTitle='", b"';"
UNCHANGED = b"\0"


class Block(msgspec.Struct, frozen=True, gc=False):
    """Sound on its way to all listeners.

    Attributes:
        at_us, end_us: media time of its first sample, and of the first one behind it.
    """

    data: bytes
    at_us: int
    end_us: int

    def time_us(self, offset: int) -> int:
        """Media time of a byte of it, near enough: units differ in size."""
        return self.at_us + (self.end_us - self.at_us) * offset // len(self.data)


def encode_title(text: str) -> bytes:
    """What goes between the sound: the counting byte and the text, in UTF-8.

    Players look for the first `';`, and nobody has agreed on how to write one in a title: there it gets
    another apostrophe. A text that is too long is cut between two characters.
    """
    clean = _CONTROLS.sub(" ", text).strip().replace("';", "\u2019;")
    limit = MAX_TEXT_BYTES - len(_BEGIN) - len(_END)
    title = clean.encode("utf-8", "replace")[:limit].decode("utf-8", "ignore").encode()
    text_bytes = _BEGIN + title + _END
    count = -(-len(text_bytes) // 16)
    return bytes((count,)) + text_bytes.ljust(count * 16, b"\0")


class Inlay(msgspec.Struct, frozen=True):
    """A title, ready to go between the sound. `number` tells it from others; 0 is none."""

    number: int
    starts_at_us: int
    data: bytes


class Weaver:
    """Where the titles of one listener go.

    Attributes:
        left: bytes of sound until there is to be one.
    """

    __slots__ = ("_shown", "left")

    def __init__(self) -> None:
        self.left = METAINT_BYTES
        self._shown = 0

    def weave(self, block: Block, inlays: Sequence[Inlay]) -> bytes:
        """The sound with titles in it. `inlays` are in the order of their time."""
        data, size = block.data, len(block.data)
        if self.left >= size:
            self.left -= size
            return data
        pieces, position = [], 0
        while position + self.left < size:
            pieces.append(data[position : position + self.left])
            position += self.left
            pieces.append(self._inlay(block.time_us(position), inlays))
            self.left = METAINT_BYTES
        self.left -= size - position
        pieces.append(data[position:])
        return b"".join(pieces)

    def _inlay(self, at_us: int, inlays: Sequence[Inlay]) -> bytes:
        for inlay in reversed(inlays):
            if inlay.starts_at_us <= at_us:
                if inlay.number == self._shown:
                    return UNCHANGED
                self._shown = inlay.number
                return inlay.data
        return UNCHANGED


class Gatherer:
    """Makes blocks of a part's length out of the chunks of one rendition.

    Bound: what one part takes, and a chunk.
    """

    __slots__ = ("_at_us", "_pack", "_ticks", "_units", "_whole_ticks")

    def __init__(self, pack: Callable[[Sequence[bytes]], bytes], whole_ticks: int) -> None:
        """Args: `pack` makes bytes of units; a block is whole with `whole_ticks` samples or more."""
        self._pack = pack
        self._whole_ticks = whole_ticks
        self._units: list[bytes] = []
        self._ticks = 0
        self._at_us = 0

    def add(self, at_us: int, end_us: int, units: Sequence[bytes], ticks: int) -> Block | None:
        """A chunk of `ticks` samples, from `at_us` to `end_us`. Returns a block when one is whole."""
        if not self._units:
            self._at_us = at_us
        self._units += units
        self._ticks += ticks
        if self._ticks < self._whole_ticks:
            return None
        block = Block(self._pack(self._units), self._at_us, end_us)
        self._units, self._ticks = [], 0
        return block
