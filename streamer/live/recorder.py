"""Records shows: an outlet that makes a track of each."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from hls.live import OnAir, PartCut
from hls.report import LoudnessMeasured, PeaksCut
from streamer.auth import is_account
from streamer.live.now_playing import clean
from streamer.live.outlet import Deaf, Title
from streamer.live.recording import Recording
from streamer.live.show import Show
from streamer.live.studio import Studio
from streamer.track import State, TrackRecord

_STOP_S = 5.0
_MAX_TAG_CHARS = 200


class Recorder(Deaf):
    """Bound: one recording a show, and those that are being finished."""

    def __init__(
        self, root: Path, studio: Studio, tasks: asyncio.TaskGroup, show_of: Callable[[str], Show | None]
    ) -> None:
        """Args: `show_of` finds the show of a room."""
        self._root = root
        self._studio = studio
        self._tasks = tasks
        self._show_of = show_of
        self._recordings: dict[str, Recording] = {}

    def started(self, show: OnAir) -> None:
        recording = self._recordings.get(show.show)
        if recording is None:
            here = self._show_of(show.room)
            if here is None or (show.began_at_us != show.starts_at_us and not here.after):
                return  # it goes on, and was not recorded before
            # What was before, at another node, is a recording of its own.
            show = replace(show, began_at_us=show.starts_at_us)
            recording = self._add(Recording(new_track(here, show), self._root / show.show, self._studio))
        recording.started(show)

    def part(self, show: OnAir, part: PartCut) -> None:
        if (recording := self._recordings.get(show.show)) is not None:
            recording.part(part)

    def renewed(self, show: OnAir) -> None:
        if (recording := self._recordings.get(show.show)) is not None:
            recording.started(show)

    def titled(self, show: OnAir, title: Title) -> None:
        if (recording := self._recordings.get(show.show)) is not None:
            recording.titled(title)

    def interrupted(self, show: OnAir, *, interrupted: bool) -> None:
        if (recording := self._recordings.get(show.show)) is not None:
            recording.interrupted(interrupted=interrupted)

    def measured(self, show: OnAir, report: PeaksCut | LoudnessMeasured) -> None:
        """More of the waveform, or the loudness of what an encoder has given."""
        if (recording := self._recordings.get(show.show)) is not None:
            recording.measured(report)

    def ended(self, show: OnAir) -> None:
        if (recording := self._recordings.get(show.show)) is not None:
            recording.end()

    def handed_over(self, show: OnAir) -> None:
        self.ended(show)

    def resume(self, record: TrackRecord, began_at_us: int) -> Recording:
        """Go on with a recording of a former process; its record says how far it goes."""
        recording = Recording(record, self._root / record.media_id, self._studio, resumed=True)
        recording.take_up(began_at_us)
        return self._add(recording)

    async def stop(self) -> None:
        """Write what there is. The next start goes on. What the disk does not take within 5 s is lost."""
        recordings = list(self._recordings.values())
        for recording in recordings:
            recording.stop()
        try:
            async with asyncio.timeout(_STOP_S):
                for recording in recordings:
                    await recording.over.wait()
        except TimeoutError:
            pass

    def _add(self, recording: Recording) -> Recording:
        id = recording.record.id
        self._recordings[id] = self._studio.desk.recordings[id] = recording
        self._tasks.create_task(self._run(recording), name=f"record {id}")
        return recording

    async def _run(self, recording: Recording) -> None:
        await recording.run()
        self._recordings.pop(recording.record.id, None)
        self._studio.desk.recordings.pop(recording.record.id, None)


def new_track(show: Show, on_air: OnAir) -> TrackRecord:
    """The track that a show's recording becomes: called like the show, and the day it began (UTC)."""
    began_ms = on_air.began_at_us // 1000
    day = datetime.fromtimestamp(began_ms / 1000, UTC).date().isoformat()
    account = is_account(show.admission.person)
    return TrackRecord(
        id=show.id,
        filename=f"{show.room} {day}.mp4",
        media_type="audio/mp4",
        state=State.LIVE,
        title=f"{show.name}, {day}",
        artist=clean(show.admission.name, _MAX_TAG_CHARS) or None,
        genre=clean(show.offer.genre, _MAX_TAG_CHARS) or None,
        owner_id=show.admission.person if account else None,
        owner_name=show.admission.name if account else None,
        room=show.room,
        created_at=began_ms,
        updated_at=began_ms,
    )
