"""What a show needs of the processes that touch its sound."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from hls.live import AnyLiveReport
from streamer.live.line import Offer


class Decoder(Protocol):
    """One source's worker: its bytes go in, sound comes out by `Sink`. Nothing blocks or raises."""

    @property
    def full(self) -> bool:
        """Enough waits to be decoded."""
        ...

    def write(self, data: bytes) -> None:
        """More of the source."""
        ...

    def finish(self) -> None:
        """Nothing more comes: `Sink.done` follows when all of it has been decoded."""
        ...

    def kill(self) -> None:
        """Nobody wants it any more. Idempotent; nothing is called from then on."""
        ...


class Sink(Protocol):
    """Whom a decoder gives its sound. Called on the event loop."""

    def sound(self, pcm: bytes) -> None:
        """Stereo at `LIVE_RATE`, interleaved 32-bit floats."""
        ...

    def may_write(self) -> None:
        """There is room again, after `full`."""
        ...

    def done(self, refusal: str | None) -> None:
        """Nothing more comes: all is decoded, or, in words, why it can't be."""
        ...


class Encoder(Protocol):
    """A show's worker: sound goes in, reports come out. Nothing blocks or raises."""

    def push(self, pcm: bytes) -> None:
        """Sound as `Sink.sound` has it, of whoever is heard; the first starts the clock."""
        ...

    def mark(self, number: int) -> None:
        """Have `Marked` say where what is pushed next is heard."""
        ...

    def finish(self) -> None:
        """The show is over: the parts that are on their way follow, then `Ended`."""
        ...

    def kill(self) -> None:
        """Idempotent; nothing is called from then on."""
        ...


class EncoderOrder(msgspec.Struct, frozen=True):
    """What an encoder is to make.

    Attributes:
        renditions: their names.
        decode_ticks: decode time of its first part, where it goes on after another encoder.
    """

    renditions: tuple[str, ...]
    decode_ticks: int = 0


class Workers(Protocol):
    """Starts both kinds."""

    def decode(self, offer: Offer, sink: Sink) -> Decoder:
        """A worker for a source. It may be written to at once."""
        ...

    def encode(self, order: EncoderOrder, told: Callable[[AnyLiveReport | None], None]) -> Encoder:
        """A worker for a show. `told` has each report in order, and None when the worker is gone."""
        ...
