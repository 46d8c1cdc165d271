"""Where the frames of an MP3 stream begin and end.

FFmpeg reads MP3 a kilobyte at a time, which is 64 ms of 128 kbit/s. A live source is heard as soon as a frame
of it is whole.

Source: ISO/IEC 11172-3, 2.4.2.3; ISO/IEC 13818-3, 2.4.2.3; MPEG 2.5 is nobody's standard.
"""

from collections.abc import Iterator

_BITRATES = {  # kbit/s by version (1, or 2 and 2.5) and layer
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = (44_100, 48_000, 32_000)  # of version 1; half of it, and a quarter, of the others
_SLOWER = {3: 1, 2: 2, 0: 4}  # by the two bits of the version
_HEAD_BYTES = 4
_SAME = 0xFFFE0C00  # of a header: what does not change from frame to frame: sync, version, layer, rate


class MpegFrames:
    """Takes bytes as they come, gives whole frames. Holds less than two frames and what was fed last.

    What is not between frames is left out. The first frame is believed when another of its kind follows; from
    then on, every frame that is of the same kind at once.
    """

    def __init__(self) -> None:
        self._held = bytearray()
        self._kind: int | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The frames that are whole by now."""
        self._held += data
        at = 0
        while len(self._held) >= at + _HEAD_BYTES:
            head = int.from_bytes(self._held[at : at + _HEAD_BYTES], "big")
            size = frame_bytes(head)
            believed = size > 0 and self._believed(at, head, size)
            if believed is None or (believed and len(self._held) < at + size):
                break
            if believed:
                yield bytes(self._held[at : at + size])
                at += size
            else:
                at = self._lost(at)
        del self._held[:at]

    def _believed(self, at: int, head: int, size: int) -> bool | None:
        """Whether a frame begins here; None if more is needed to tell."""
        if head & _SAME == self._kind:
            return True
        if len(self._held) < at + size + _HEAD_BYTES:
            return None
        after = int.from_bytes(self._held[at + size : at + size + _HEAD_BYTES], "big")
        if not frame_bytes(after) or after & _SAME != head & _SAME:
            return False
        self._kind = head & _SAME
        return True

    def _lost(self, at: int) -> int:
        """To where the next frame may begin."""
        place = self._held.find(b"\xff", at + 1)
        return place if place >= 0 else len(self._held)


def frame_bytes(head: int) -> int:
    """How long the frame with this header of 32 bits is; 0 if it is none.

    What has a free bitrate is none: nothing says how long it is.
    """
    if head >> 21 != 0x7FF:
        return 0
    version_bits, layer_bits = head >> 19 & 3, head >> 17 & 3
    bitrate_bits, rate_bits, padding = head >> 12 & 15, head >> 10 & 3, head >> 9 & 1
    if version_bits == 1 or layer_bits == 0 or rate_bits == 3 or bitrate_bits in (0, 15):
        return 0
    version, layer = 1 if version_bits == 3 else 2, 4 - layer_bits
    bitrate = _BITRATES[version, layer][bitrate_bits - 1] * 1000
    rate = _RATES[rate_bits] // _SLOWER[version_bits]
    if layer == 1:
        return (12 * bitrate // rate + padding) * 4
    samples = 576 if layer == 3 and version == 2 else 1152
    return samples // 8 * bitrate // rate + padding
