"""The access units of an MP4's sound, as its index lists them, beside what its decoder made of them."""

from collections import deque
from typing import Any

import av
from av import AudioFrame, AudioStream

from hls.ffmpeg import sound
from hls.ladder import AAC_FRAME_TICKS


class Listing:
    """Implements `hls.copier.Units`.

    A unit that gives no sound has silence in its place, so that what is decoded stays in step with the units.

    Attributes:
        complete: no more will be listed.
        missed: numbers of units that could not be decoded, in order; who has dealt with one takes it away.
    """

    def __init__(self, stream: AudioStream) -> None:
        self.complete = False
        self.missed: deque[int] = deque()
        self._entries: Any = stream.index_entries
        self._next = 0  # the unit behind the last that was decoded
        self._first_heard: int | None = None
        self._silent: list[int] = []  # time stamps of units without sound, since the last that had some

    def listed(self, start: int, most: int) -> list[tuple[int, int, int]]:
        """As `hls.copier.Units` has it."""
        entries = self._entries
        return [
            (entry.pos, entry.size, entry.timestamp)
            for entry in map(entries.__getitem__, range(start, min(start + most, len(entries))))
        ]

    def delay_ticks(self, frame: AudioFrame) -> int | None:
        """Time between the first unit and the first frame; None where the index does not tell all.

        An MP4 may leave units out in the middle, or list none because they are all in fragments to come.
        """
        entries, heard = self._entries, self._first_heard
        if heard is None or frame.pts is None or not len(entries):
            return None
        if any(entries[number].is_discard for number in range(heard, len(entries))):
            return None
        return int(frame.pts - entries[0].timestamp)

    def placed(self, packet: "av.Packet[Any]", frames: list[AudioFrame] | None) -> list[AudioFrame]:
        """The frames of a packet, None if it is damaged, behind the silence that belongs before them."""
        number = self._number(packet)
        if frames is None:
            self.missed.append(number)
        if not frames:
            self._silent += [] if packet.pts is None else [packet.pts]
            return []
        if self._first_heard is None:
            self._first_heard = number
            self._silent.clear()
        silences = [self._silence(frames[0], at) for at in self._silent]
        self._silent.clear()
        return silences + frames

    def give_up(self) -> None:
        """Nothing more is decoded: what was not is missed."""
        self.missed.extend(range(self._next, len(self._entries)))

    def _number(self, packet: "av.Packet[Any]") -> int:
        """Which unit it is. Those that were passed over could not even be read."""
        entries, number = self._entries, self._next
        while number < len(entries) and entries[number].pos != packet.pos:
            number += 1
        if number == len(entries):
            number = self._next
        for missed in range(self._next, number):
            self.missed.append(missed)
            self._silent.append(entries[missed].timestamp)
        self._next = number + 1
        return number

    @staticmethod
    def _silence(model: AudioFrame, at: int) -> AudioFrame:
        silent = sound.silence(model, AAC_FRAME_TICKS)
        silent.pts = at
        return silent
