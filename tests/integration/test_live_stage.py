"""The stage and its shows, with workers that do as they are told and a clock that is moved."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from msgspec.structs import replace

from hls.live import GRID, ClockBegun
from hls.report import Broken, Refused
from streamer.live.keys import StreamKeys
from streamer.live.line import Admission, Offer, StageFull
from streamer.live.show import House
from streamer.live.show_encoding import Past
from streamer.live.show_state import Rules, State
from streamer.live.stage import LiveStage, StageLimits
from streamer.live.takeovers import Contested
from tests.support.theatre import ADMISSION, PART_PCM, FakeShell, FakeWorkers, Witness

OFFER = Offer("icecast")


class NoKeys:
    """Of tests that need none."""

    revoked: Any = None


@dataclass
class Theatre:
    """A stage, what happens on it, and its clock."""

    stage: LiveStage
    workers: FakeWorkers
    witness: Witness
    clock: list[float] = field(default_factory=lambda: [1000.0])

    def connect(self, **changes: Any) -> tuple[Any, FakeShell]:
        shell = FakeShell()
        return self.stage.connect(replace(ADMISSION, **changes), OFFER, shell), shell

    async def later(self, seconds: float = 0.0) -> None:
        self.clock[0] += seconds
        for show in list(self.stage.shows.values()):
            show.tick()
        for _ in range(4):
            await asyncio.sleep(0)


@asynccontextmanager
async def theatre(*, max_shows: int = 2, max_sources: int = 3) -> AsyncIterator[Theatre]:
    clock, workers, witness, numbers = [1000.0], FakeWorkers(), Witness(), count(1)
    async with asyncio.TaskGroup() as tasks:
        house = House(
            workers=workers,
            tasks=tasks,
            outlets=(witness,),
            recorder=None,
            rules=Rules(grace_s=60, patience_s=3, opening_s=30, max_sources=max_sources),
            renditions=("aac128", "aac64"),
            clock=lambda: clock[0],
            now_us=lambda: int(clock[0] * 1e6),
            ended=lambda show: stage.ended(show),
        )
        keys: Any = NoKeys()
        keys_: StreamKeys = keys

        async def refuse(_admission: Admission) -> str | None:
            return None

        stage = LiveStage(keys_, house, StageLimits(max_shows), lambda: f"show-{next(numbers)}", refuse)
        yield Theatre(stage, workers, witness, clock)
        stage.stop()


async def test_what_goes_in_comes_out_as_parts() -> None:
    async with theatre() as play:
        line, _ = play.connect()
        line.write(PART_PCM)
        await play.later()
        line.write(PART_PCM)
        assert play.witness.told == ["started"]
        assert [(part.rendition, part.number) for part in play.witness.parts] == [
            *(("aac128", 0), ("aac64", 0), ("aac128", 1), ("aac64", 1)),
        ]
        show = play.witness.shows[0]
        assert (show.room, show.show, show.first_number) == ("radio", "show-1", 0)
        assert show.began_at_us == show.starts_at_us == 1_000_000_000


async def test_a_show_begins_when_its_encoder_says() -> None:
    """What had piled up at the source is from before it came."""
    async with theatre() as play:
        line, _ = play.connect()
        await play.later()
        line.write(PART_PCM[: len(PART_PCM) // 2])
        await play.later(0.5)
        play.workers.encoders[0].tell(ClockBegun(998.5))
        line.write(PART_PCM)
        show = play.witness.shows[0]
        assert show.began_at_us == show.starts_at_us == 998_500_000
        play.workers.encoders[0].end(Broken("it died"))
        await play.later(1)
        play.workers.encoders[1].tell(ClockBegun(1001.0))
        line.write(PART_PCM)
        show = play.witness.shows[1]
        assert (show.began_at_us, show.starts_at_us) == (998_500_000, 1_001_000_000)


async def test_a_takeover_is_not_heard_as_an_end() -> None:
    async with theatre() as play:
        line, shell = play.connect()
        line.write(PART_PCM)
        await play.later()
        again, _ = play.connect()
        assert shell.code == "taken-over" and play.workers.decoders[0].killed
        line.write(PART_PCM)
        again.write(PART_PCM)
        await play.later(1)
        assert play.witness.told == ["started"] and play.witness.parts[-1].number == 1
        assert len(play.workers.encoders) == 1


async def test_a_fallback_is_heard_when_the_other_goes() -> None:
    async with theatre() as play:
        line, _ = play.connect()
        line.write(PART_PCM)
        spare, spare_shell = play.connect(key_id="key-b", priority=5)
        await play.later()
        spare.write(PART_PCM)
        assert play.witness.parts[-1].number == 0, "nobody hears it"
        line.close(complete=False)
        await play.later()
        spare.write(PART_PCM)
        assert play.witness.parts[-1].number == 1
        best, _ = play.connect(key_id="key-c", priority=200)
        best.write(PART_PCM)
        spare.write(PART_PCM)
        assert play.witness.parts[-1].number == 2 and spare_shell.code is None
        assert play.witness.told == ["started"]


async def test_the_show_waits_for_its_source_and_ends_without() -> None:
    async with theatre() as play:
        line, _ = play.connect()
        line.write(PART_PCM)
        await play.later()
        line.close(complete=True)
        await play.later(3)
        assert play.witness.told == ["started", "interrupted"]
        again, _ = play.connect()
        again.write(PART_PCM)
        assert play.witness.told[-1] == "back"
        await play.later(59)
        await play.later(1)
        assert play.witness.told[-2:] == ["interrupted", "ended"]
        assert play.stage.shows == {}


async def test_the_host_ends_the_show_and_the_next_is_another() -> None:
    async with theatre() as play:
        line, shell = play.connect()
        line.write(PART_PCM)
        await play.later()
        show = play.stage.live("radio")
        assert show is not None
        show.end()
        assert shell.code == "ended"
        again, _ = play.connect()
        again.write(PART_PCM)
        await play.later()
        assert play.witness.told == ["started", "ended", "started"]
        assert [one.show for one in play.witness.shows] == ["show-1", "show-2"]


async def test_a_source_that_can_not_be_decoded_was_no_show() -> None:
    async with theatre() as play:
        _, shell = play.connect()
        play.workers.decoders[0].end(Refused("it is noise"))
        await play.later()
        assert [(one.code, one.reason) for one in shell.dismissals] == [("refused", "it is noise")]
        assert play.stage.shows == {} and play.witness.told == [] and play.workers.encoders[0].killed


async def test_another_encoder_goes_on_where_one_died() -> None:
    async with theatre() as play:
        line, _ = play.connect()
        for _ in range(14):
            line.write(PART_PCM)
            await play.later(0.3)
        line.title("Nina", "Blue", None)
        play.workers.encoders[0].end(Broken("it died"))
        await play.later(0.1)
        second = play.workers.encoders[1]
        assert (second.first_part, second.first_ticks) == (24, 14 * GRID.part_ticks)
        for _ in range(2):
            line.write(PART_PCM)
            await play.later()
        assert play.witness.told == ["started", "renewed", "title 1 Nina - Blue"]
        assert [part.number for part in play.witness.parts[-4:]] == [24, 24, 25, 25]
        assert play.witness.shows[1].first_number == 2
        assert play.witness.shows[1].began_at_us == play.witness.shows[0].began_at_us


async def test_an_encoder_that_says_nothing_is_replaced_and_one_that_dies_again_ends_the_show() -> None:
    async with theatre() as play:
        line, shell = play.connect()
        line.write(PART_PCM)
        await play.later()
        play.workers.encoders[0].killed = True  # it says nothing any more
        for _ in range(6):
            line.write(PART_PCM)
            await play.later(2)
        assert len(play.workers.encoders) == 2
        for _ in range(19):
            play.workers.encoders[-1].end(Broken("it died"))
            await play.later(0.1)
        assert shell.code == "ended" and play.witness.told[-1] == "ended"


async def test_titles_are_said_when_they_are_heard_and_once() -> None:
    async with theatre() as play:
        assert not play.stage.announce(ADMISSION, None, None, "before anything"), "no source"
        line, _ = play.connect()
        await play.later()
        line.write(PART_PCM)
        await play.later()
        assert play.stage.announce(ADMISSION, "Nina", "Blue", None)
        line.title("Nina", "Blue", None)
        line.write(PART_PCM)
        assert [(one.number, one.text) for one in play.witness.titles][-1:] == [(2, "Nina - Blue")]
        assert play.witness.titles[-1].starts_at_us == 1_000_000_000 + 320_000
        line.close(complete=False)
        again, _ = play.connect()
        again.write(PART_PCM)
        assert len(play.witness.titles) == 2, "it is what plays already"


async def test_nobody_waits_for_who_is_ahead_of_time_but_itself() -> None:
    async with theatre() as play:
        line, _ = play.connect()
        line.write(PART_PCM)
        await play.later()
        spare, _ = play.connect(key_id="key-b", priority=5)
        for _ in range(40):
            spare.write(PART_PCM)
        assert play.workers.decoders[1].paused
        await play.later(2)
        line.write(PART_PCM)
        assert play.workers.decoders[1].paused
        play.workers.encoders[0].full = True
        line.write(PART_PCM)
        assert play.workers.decoders[0].paused
        play.workers.encoders[0].full = False
        play.workers.encoders[0].ears.may_write()
        assert not play.workers.decoders[0].paused
        line.close(complete=True)
        await play.later()
        assert not play.workers.decoders[1].paused


async def test_bounds() -> None:
    async with theatre(max_shows=1, max_sources=2) as play:
        play.connect()
        play.connect(key_id="key-b")
        with pytest.raises(StageFull, match="2 sources are connected to the room, and may be 2"):
            play.connect(key_id="key-c")
        with pytest.raises(StageFull, match="1 shows are live, and may be 1"):
            play.connect(room="other")
        line, shell = play.connect()
        play.workers.decoders[-1].full = True
        for _ in range(9):
            line.write(bytes(128 << 10))
        assert shell.code == "refused"


async def test_a_revoked_key_goes_at_once_and_a_stop_leaves_the_show() -> None:
    async with theatre() as play:
        line, shell = play.connect()
        line.write(PART_PCM)
        await play.later()
        play.stage.revoke("key-a")
        assert shell.code == "revoked"
        _, shell = play.connect(key_id="key-b")
        play.stage.stop()
        assert shell.code == "stopping" and "ended" not in play.witness.told
        with pytest.raises(StageFull, match="stops"):
            play.connect()


async def test_a_show_goes_on_after_a_restart() -> None:
    async with theatre() as play:
        play.stage.resume("show-9", ADMISSION, OFFER, Past(5_000_000, 7, 80 * GRID.part_ticks, 3))
        show = play.stage.live("radio")
        assert show is not None and show.state is State.INTERRUPTED
        await play.later()
        assert (play.workers.encoders[0].first_part, play.workers.encoders[0].first_ticks) == (
            7 * 12,
            80 * GRID.part_ticks,
        )
        line, _ = play.connect()
        line.title(None, None, "on we go")
        line.write(PART_PCM)
        await play.later()
        assert play.witness.told[:2] == ["started", "back"] or play.witness.told[0] == "started"
        assert play.witness.parts[0].number == 84 and play.witness.shows[0].began_at_us == 5_000_000
        assert [title.number for title in play.witness.titles] in ([], [4])


class Elsewhere:
    """Another node, where the room is live."""

    def __init__(self, past: Past | Exception) -> None:
        self.past = past

    def take(self, admission: Admission) -> Past:
        if isinstance(self.past, Exception):
            raise self.past
        return self.past

    def announce(self, room: str, key_id: str, *words: str | None) -> bool:
        return words == (None, "a song", None)


async def test_a_show_of_another_node_goes_on_here_as_another() -> None:
    async with theatre() as play:
        play.stage.nodes = Elsewhere(Past(900_000_000, 7, 0, 3, after="elsewhere"))
        line, _ = play.connect()
        await play.later()
        line.write(PART_PCM)
        await play.later()
        line.write(PART_PCM)
        show = play.witness.shows[0]
        assert (show.show, show.began_at_us, show.first_number) == ("show-1", 900_000_000, 7)
        assert show.starts_at_us > show.began_at_us
        assert play.stage.shows["radio"].after == "elsewhere"
        assert play.witness.parts[0].number == 7 * GRID.parts_per_segment


async def test_who_may_not_take_a_show_over_is_told_why() -> None:
    async with theatre() as play:
        for error in (StageFull("live on another node"), Contested("it changed hands 5 times")):
            play.stage.nodes = Elsewhere(error)
            with pytest.raises(StageFull, match=str(error)):
                play.connect()
        assert not play.stage.shows


async def test_a_title_finds_its_source_on_another_node() -> None:
    async with theatre() as play:
        play.stage.nodes = Elsewhere(Past(0, 0, 0))
        assert play.stage.announce(ADMISSION, None, "a song", None)
        assert not play.stage.announce(ADMISSION, None, "another", None)


async def test_a_show_that_is_handed_over_does_not_end() -> None:
    async with theatre() as play:
        line, shell = play.connect()
        line.write(PART_PCM)
        await play.later()
        play.stage.shows["radio"].hand_over()
        assert shell.code == "taken-over"
        assert play.witness.told == ["started", "handed over"]
        assert not play.stage.shows
        assert play.workers.encoders[0].killed
