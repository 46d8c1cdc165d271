"""Whole boxes of an MP4 that arrives: FFmpeg takes a box that it gets in pieces for a damaged one.

Source: ISO/IEC 14496-12, 4.2.
"""

import struct

_HEAD = struct.Struct(">I4s")
_LARGE = struct.Struct(">Q")
_MAX_HELD_BYTES = 4 << 20
"""A fragment of a live source has some kilobytes; what is larger is handed on as it comes."""


class Boxes:
    """Takes bytes as they come, gives whole boxes. Holds at most 4 MiB and what was fed last."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._loose = 0  # bytes of a box that is not waited for

    def feed(self, data: bytes) -> bytes:
        """The boxes that are whole by now, in a row."""
        self._held += data
        at = min(self._loose, len(self._held))
        self._loose -= at
        while (size := self._size(at)) is not None:
            if size > _MAX_HELD_BYTES:
                gone = len(self._held) - at
                self._loose = max(0, size - gone)
                at += min(size, gone)
            elif len(self._held) < at + size:
                break
            else:
                at += size
        given = bytes(self._held[:at])
        del self._held[:at]
        return given

    def _size(self, at: int) -> int | None:
        """Of the box that begins here; None if there is not enough of it to tell."""
        if len(self._held) < at + _HEAD.size:
            return None
        size, _ = _HEAD.unpack_from(self._held, at)
        if size == 1:
            if len(self._held) < at + _HEAD.size + _LARGE.size:
                return None
            (size,) = _LARGE.unpack_from(self._held, at + _HEAD.size)
        # 4.2.2: 0 is a box that goes on to the end; less than its own head is damage, which FFmpeg may judge.
        return size if size >= _HEAD.size else 1 << 62
