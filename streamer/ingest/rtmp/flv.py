"""Audio messages as a stream of FLV, which is what a demuxer reads.

Source: Adobe, Video File Format Specification 10.1, annex E.
"""

from typing import Final

from streamer.ingest.rtmp.audio import MULTICHANNEL, SEQUENCE_START, AudioTag
from streamer.ingest.rtmp.wire import RtmpError

_HEADER: Final = b"FLV\x01\x04\0\0\0\x09\0\0\0\0"
_AUDIO: Final = 8
_WRAP: Final = 1 << 32
_NEEDS_HEADER: Final = frozenset({"AAC", "FLAC"})

MAX_STEP_MS: Final = 10_000
"""Between two messages; a longer way, forward or back, is a clock that was set, not missing sound."""


class Clock:
    """Times of messages, as they come, made to begin at 0, never to go back, and never to jump."""

    def __init__(self) -> None:
        self._offset_ms: int | None = None
        self._step_ms = 0
        self._last_ms = 0
        #: How often it had to be set.
        self.jumps = 0

    def read(self, timestamp_ms: int) -> int:
        """`timestamp_ms` is modulo 2**32; so is what is returned, for FLV has no more bits."""
        if self._offset_ms is None:
            self._offset_ms = timestamp_ms
        at_ms = (timestamp_ms - self._offset_ms - self._last_ms + _WRAP // 2) % _WRAP - _WRAP // 2
        if abs(at_ms) > MAX_STEP_MS:
            self.jumps += 1
            at_ms = self._step_ms
            self._offset_ms = timestamp_ms - self._last_ms - at_ms
        elif at_ms > 0:
            self._step_ms = at_ms
        self._last_ms = (self._last_ms + max(0, at_ms)) % _WRAP
        return self._last_ms


class FlvWriter:
    """Audio tags in, bytes of FLV out. Begins with what a decoder must have first.

    Bounds: two messages.
    """

    def __init__(self) -> None:
        self.clock = Clock()
        #: What the audio is; empty before the first of it.
        self.codec = ""
        #: Messages that came before what a decoder needs to make something of them.
        self.skipped = 0
        self._kept: dict[int, bytes] = {}
        self._begun = False

    def write(self, timestamp_ms: int, tag: AudioTag) -> bytes:
        """Returns what goes to the demuxer, if anything does.

        Raises:
            RtmpError: the audio became another one on the way.
        """
        if not tag.body:
            return b""
        if self.codec and tag.codec != self.codec:
            raise RtmpError(
                f"its audio changed from {self.codec} to {tag.codec}; stop the stream and start again"
            )
        self.codec = tag.codec
        at_ms = self.clock.read(timestamp_ms)
        if tag.kind in (SEQUENCE_START, MULTICHANNEL):
            known = self._kept.get(tag.kind) == tag.body
            self._kept[tag.kind] = tag.body
            return b"" if known or not self._begun else _tag(at_ms, tag.body)
        if tag.codec in _NEEDS_HEADER and SEQUENCE_START not in self._kept:
            self.skipped += 1
            return b""
        begin = b"" if self._begun else self._begin(at_ms)
        return begin + _tag(at_ms, tag.body)

    def _begin(self, at_ms: int) -> bytes:
        self._begun = True
        return _HEADER + b"".join(_tag(at_ms, self._kept[kind]) for kind in sorted(self._kept))


def _tag(at_ms: int, body: bytes) -> bytes:
    time = at_ms.to_bytes(4, "big")
    head = bytes((_AUDIO,)) + len(body).to_bytes(3, "big") + time[1:] + time[:1] + b"\0\0\0"
    return head + body + (len(head) + len(body)).to_bytes(4, "big")
