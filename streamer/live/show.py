"""One show: its sources, its encoder, and everybody who takes what it gives."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from hls.live import ChunkCut, Marked, Metered, OnAir, PartCut
from hls.report import LoudnessMeasured, PeaksCut
from streamer.live.line import Admission, Dismissal, Offer, Shell
from streamer.live.now_playing import Words, clean
from streamer.live.outlet import Outlet, Title
from streamer.live.show_encoding import Past, ShowEncoding
from streamer.live.show_state import Dismiss, Effect, Hear, Rules, ShowState, State, Turned
from streamer.live.source import Source
from streamer.live.workers import Workers

_MAX_NAME_CHARS = 200
_MAX_ENCODERS = 20
"""Of one show: whatever kills so many, another would not live longer."""


class Measuring(Protocol):
    """Who keeps the show's recording, and so wants what is measured of it, too."""

    def measured(self, show: OnAir, report: PeaksCut | LoudnessMeasured) -> None:
        """More of the waveform, or how loud the whole was."""
        ...


@dataclass(frozen=True, slots=True)
class House:
    """What every show needs.

    Attributes:
        outlets: in the order in which they are told.
        renditions: names of `hls.live_ladder`.
        clock: seconds, monotonic.
        now_us: microseconds since the Unix epoch.
        ended: told when the last part is out, or when there never was one.
    """

    workers: Workers
    tasks: asyncio.TaskGroup
    outlets: Sequence[Outlet]
    recorder: Measuring | None
    rules: Rules
    renditions: tuple[str, ...]
    clock: Callable[[], float]
    now_us: Callable[[], int]
    ended: "Callable[[Show], None]"


class Show:
    """From its first source until the last part is out.

    Attributes:
        on_air: what outlets are given; None until there is sound.
        after: id of the show of another node that it goes on with, if it does.
        admission, offer: of the source that began it.
        title: what plays.
        levels: the last measurement.
        sources: connected, by number.
        since_us: when it became what it is.
        encoding: what is known of its encoder.
    """

    def __init__(
        self, id: str, room: str, admission: Admission, offer: Offer, house: House, past: Past | None = None
    ) -> None:
        """Args: `past`: the show was live before; it waits for its sources, and gives silence meanwhile."""
        self.id, self.room = id, room
        self.admission, self.offer = admission, offer
        self.after = "" if past is None else past.after
        self.on_air: OnAir | None = None
        self.title: Title | None = None
        self.levels: Metered | None = None
        self.sources: dict[int, Source] = {}
        self.since_us = house.now_us()
        self._house = house
        self._state = ShowState(house.rules, resumed_at=house.clock() if past is not None else None)
        self._words: Words | None = None
        self._marks: dict[int, Words] = {}
        self._numbers = self._marked = 0
        self._titles = 0 if past is None else past.titles
        self._away = self._closed = False  # outlets were told that the source is away; that it is over
        self._log = structlog.get_logger().bind(room=room, show=id)
        self.encoding = ShowEncoding(self, house.workers, house.tasks, house, past)
        if past is not None:
            self.encoding.fill()

    @property
    def state(self) -> State:
        return self._state.state

    @property
    def name(self) -> str:
        """What people call it."""
        return clean(self.offer.name, _MAX_NAME_CHARS) or self.room

    @property
    def heard(self) -> Source | None:
        """The source that is heard, or would be if it sent something."""
        return None if self._state.heard is None else self.sources.get(self._state.heard)

    # --- from the stage

    def connect(self, admission: Admission, offer: Offer, shell: Shell, words: Words | None) -> Source:
        """A source is there. Raises show_state.Crowded, takeovers.Contested."""
        number = self._numbers + 1
        effects = self._state.connect(number, admission.key_id, admission.priority, self._house.clock())
        self._numbers = number
        source = self.sources[number] = Source(number, admission, offer, shell, self, self._house.clock)
        source.words = words
        source.start(self._house.workers, self._house.tasks)
        self._log.info("source connected", way=offer.way, client=offer.client, key=admission.key_id)
        self._carry_out(effects)
        return source

    def tick(self) -> None:
        """Time has gone by."""
        self._carry_out(self._state.tick(self._house.clock()))
        self.encoding.look()
        heard = self.heard
        for source in self.sources.values():
            if source is not heard:
                source.pace(hold=source.early)

    def revoke(self, key_id: str) -> None:
        self._carry_out(self._state.revoke(key_id, self._house.clock()))

    def end(self, reason: str = "the host ended the show") -> None:
        """It is over. Idempotent."""
        self._carry_out(self._state.end(reason))

    def cut(self) -> None:
        """It is over, and another is to begin here: what is on its way is not waited for."""
        self.end()
        self.close()

    def stop(self) -> None:
        """The server stops: outlets have all there is, and the next start goes on."""
        self._carry_out(self._state.stop())
        self.close(tell=False)

    def hand_over(self) -> None:
        """It goes on at another node."""
        self._carry_out(self._state.stop("taken-over", "the show goes on at another node"))
        if self.on_air is not None:
            self._tell(lambda outlet, show: outlet.handed_over(show))
        self.close(tell=False)

    # --- from sources

    def sounded(self, source: Source, pcm: bytes) -> None:
        self._carry_out(self._state.sounded(source.number, self._house.clock()))
        if self._state.heard == source.number:
            self.encoding.write(pcm)
            if self.encoding.full:
                source.pace(hold=True)
        elif source.early:
            source.pace(hold=True)

    def retitled(self, source: Source) -> None:
        if self._state.heard == source.number:
            self._play(source.words)

    def left(self, source: Source) -> None:
        self.sources.pop(source.number, None)
        self._carry_out(self._state.left(source.number, self._house.clock()))

    # --- what the state says

    def _carry_out(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            match effect:
                case Hear(number):
                    self._hear(None if number is None else self.sources.get(number))
                case Dismiss(number, code, reason):
                    self._log.info("source dismissed", code=code, reason=reason)
                    self.sources.pop(number).dismiss(Dismissal(code, reason))
                case Turned(state, _):
                    self._turn(state)

    def _hear(self, source: Source | None) -> None:
        if source is None:
            self.encoding.lost()
            return
        self.encoding.switched()
        source.pace(hold=self.encoding.full)
        self._play(source.words)

    def _turn(self, state: State) -> None:
        self.since_us = self._house.now_us()
        self._log.info("show", state=state.value)
        if state is State.ENDED:
            if not self.encoding.finish():
                self.close()
            return
        self._tell_whether_away()

    def _tell_whether_away(self) -> None:
        away = self.state is State.INTERRUPTED
        if self.on_air is not None and away is not self._away:
            self._away = away
            self._tell(lambda outlet, show: outlet.interrupted(show, interrupted=away))

    def _play(self, words: Words | None) -> None:
        if words is None or words == self._words:
            return
        self._words = words
        self._marked += 1
        self._marks[self._marked] = words
        self.encoding.mark(self._marked)

    # --- from the encoder

    def may_write(self) -> None:
        """The encoder has room again."""
        heard = self.heard
        if heard is not None:
            heard.pace(hold=False)

    def given(self, on_air: OnAir, report: ChunkCut | PartCut | Metered | Marked) -> None:
        """What the encoder made. `on_air` is another object when it is another encoder."""
        if on_air is not self.on_air:
            renewed, self.on_air = self.on_air is not None, on_air
            if renewed:
                self._tell(lambda outlet, show: outlet.renewed(show))
            else:
                self._tell(lambda outlet, show: outlet.started(show))
                self._tell_whether_away()
        match report:
            case ChunkCut():
                self._tell(lambda outlet, show: outlet.chunk(show, report))
            case PartCut():
                self._tell(lambda outlet, show: outlet.part(show, report))
            case Metered():
                self.levels = report
                self._tell(lambda outlet, show: outlet.metered(show, report))
            case Marked():
                self._titled(on_air, report)

    def measured(self, report: PeaksCut | LoudnessMeasured) -> None:
        """What belongs to the recording."""
        if self._house.recorder is not None and self.on_air is not None:
            self._house.recorder.measured(self.on_air, report)

    def encoder_left(self, *, lost: bool) -> None:
        """Nothing more comes from the encoder: all is out, or it died."""
        if self._closed:
            return
        if self.state is State.ENDED:
            self.close()
            return
        self._log.error("the show's encoder is gone", lost=lost, encoders=self.encoding.count)
        if self.encoding.count >= _MAX_ENCODERS:
            self.end("the encoder does not stay alive")
            self.close()
            return
        self.encoding.renew()
        if self._marks:  # what was to be shown when it is heard
            self._marks.clear()
            playing, self._words = self._words, None
            self._play(playing)
        if self.on_air is not None:
            self.encoding.fill()

    def _titled(self, on_air: OnAir, mark: Marked) -> None:
        words = self._marks.pop(mark.mark, None)
        if words is None:
            return
        self._titles += 1
        at_us = on_air.time_us(mark.at_ticks)
        title = self.title = Title(self._titles, at_us, words.text, words.artist, words.title)
        self._tell(lambda outlet, show: outlet.titled(show, title))

    # --- the end

    def close(self, *, tell: bool = True) -> None:
        """Let go of the encoder. Args: `tell`: outlets are to know that nothing more comes. Idempotent."""
        if self._closed:
            return
        self._closed = True
        self.encoding.kill()
        if tell and self.on_air is not None:
            self._tell(lambda outlet, show: outlet.ended(show))
        self._house.ended(self)

    def _tell(self, call: Callable[[Outlet, OnAir], None]) -> None:
        show = self.on_air
        assert show is not None
        for outlet in self._house.outlets:
            try:
                call(outlet, show)
            except Exception as error:  # our mistake, and one way out less: the others go on
                context = {"message": f"{type(outlet).__name__} failed", "exception": error}
                asyncio.get_running_loop().call_exception_handler(context)
