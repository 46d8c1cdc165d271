"""One source on the stage: between the connection that brings its bytes, its decoder, and its show."""

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

from hls.live import LIVE_CHANNELS, LIVE_RATE
from hls.live_source import SourceEnded, SourceOpened, SourceTitled
from streamer.live.line import Admission, Dismissal, Offer, Shell
from streamer.live.now_playing import Words, clean_words
from streamer.live.workers import Decoder, Workers

FRAME_BYTES = 4 * LIVE_CHANNELS
"""Of PCM: one moment in both channels."""

# Written although the line was full; a way in that heeds `full` never comes near.
_MAX_OVERFLOW_BYTES = 1 << 20
# How far ahead of time the sound of a source may come that nobody hears: a file is not to be over before its
# turn. Its clock may be fast by so much and never wait.
_MAX_LEAD_S = 5.0
_LEAK = 1.001
_MAX_MARKS = 64
"""Titles on their way through the decoder; older ones are not worth a mark any more."""

log = structlog.get_logger()


class Listener(Protocol):
    """The show, as its sources see it."""

    def sounded(self, source: "Source", pcm: bytes) -> None:
        """Sound came."""
        ...

    def retitled(self, source: "Source") -> None:
        """`source.words` is new, from the sound on that comes next."""
        ...

    def left(self, source: "Source") -> None:
        """Nothing more comes from it."""
        ...


class Source:
    """Implements `streamer.live.line.Line` and `streamer.live.source_worker.SourceEars`.

    Attributes:
        number: what the show calls it.
        words: what it says is playing.
        format: what it is, once that is known.
        received_bytes: so far.
    """

    def __init__(
        self,
        number: int,
        admission: Admission,
        offer: Offer,
        shell: Shell,
        show: Listener,
        clock: Callable[[], float],
    ) -> None:
        """Args: `clock`: seconds, monotonic."""
        self.number = number
        self.admission = admission
        self.offer = offer
        self.words: Words | None = None
        self.format: SourceOpened | None = None
        self.received_bytes = 0
        self.came_at = clock()
        self._shell: Shell | None = shell
        self._show = show
        self._clock = clock
        self._decoder: Decoder | None = None
        self._over_bytes = 0
        self._marks: dict[int, Words] = {}
        self._marked = 0
        self._frames = 0
        self._sounded_at = 0.0
        self._paused = False

    def start(self, workers: Workers, tasks: asyncio.TaskGroup) -> None:
        """Begin to decode."""
        decoder = self._decoder = workers.decode(self.offer.container, self)
        tasks.create_task(self._run(decoder), name=f"source {self.admission.room} {self.number}")

    @property
    def open(self) -> bool:
        """Its connection is there."""
        return self._shell is not None

    @property
    def early(self) -> bool:
        """It is too far ahead of time for one that nobody hears."""
        lead_s = self._frames / LIVE_RATE - (self._clock() - self._sounded_at) * _LEAK
        return lead_s > _MAX_LEAD_S

    # --- from the way in

    @property
    def full(self) -> bool:
        return self._decoder is not None and self._decoder.full

    def write(self, data: bytes) -> None:
        if self._shell is None or self._decoder is None:
            return
        self.received_bytes += len(data)
        self._over_bytes = self._over_bytes + len(data) if self._decoder.full else 0
        if self._over_bytes > _MAX_OVERFLOW_BYTES:
            self._refuse(f"{self._over_bytes} bytes came although the line was full")
            return
        self._decoder.write(data)

    def title(self, artist: str | None, title: str | None, text: str | None) -> None:
        words = clean_words(artist, title, text)
        if words is None or self._decoder is None:
            return
        if not self.received_bytes:
            self._say(words)
            return
        self._marked += 1
        self._marks[self._marked] = words
        if len(self._marks) > _MAX_MARKS:
            del self._marks[next(iter(self._marks))]
        self._decoder.mark(self._marked)

    def close(self, *, complete: bool) -> None:
        if self._shell is not None:
            self._shell = None
            if self._decoder is not None:
                self._decoder.finish()

    # --- from the decoder

    def opened(self, opened: SourceOpened) -> None:
        self.format = opened

    def sound(self, samples: bytes) -> None:
        if self._decoder is None:
            return
        if not self._frames:
            self._sounded_at = self._clock()
        self._frames += len(samples) // FRAME_BYTES
        self._show.sounded(self, samples)

    def titled(self, titled: SourceTitled) -> None:
        words = clean_words(titled.artist, titled.title, None)
        if words is not None:
            self._say(words)

    def marked(self, mark: int) -> None:
        words = self._marks.pop(mark, None)
        if words is not None:
            self._say(words)

    def may_write(self) -> None:
        self._over_bytes = 0
        if self._shell is not None:
            self._shell.may_write()

    # --- from the show

    def pace(self, *, hold: bool) -> None:
        """Let it wait while it is too far ahead of time, or go on. Idempotent."""
        if self._decoder is None or hold == self._paused:
            return
        self._paused = hold
        if hold:
            self._decoder.pause()
        else:
            self._decoder.resume()

    def dismiss(self, dismissal: Dismissal) -> None:
        """Let go of it. Nothing is called on its show from then on."""
        decoder, self._decoder = self._decoder, None
        if decoder is not None:
            decoder.kill()
        shell, self._shell = self._shell, None
        if shell is not None:
            shell.dismissed(dismissal)

    async def _run(self, decoder: Decoder) -> None:
        outcome = await decoder.run()
        if self._decoder is not decoder:
            return  # it was dismissed
        if isinstance(outcome, SourceEnded) and self._shell is None:
            self._decoder = None
            self._show.left(self)
        elif isinstance(outcome, SourceEnded):
            self._refuse("the sound came to its end, and more came behind it")
        else:
            self._refuse(outcome.reason)

    def _say(self, words: Words) -> None:
        if words != self.words:
            self.words = words
            self._show.retitled(self)

    def _refuse(self, reason: str) -> None:
        log.info("source refused", room=self.admission.room, reason=reason, way=self.offer.way)
        self.dismiss(Dismissal("refused", reason))
        self._show.left(self)
