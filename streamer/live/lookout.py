"""Looks at shows, for those who ask: listeners, hosts, the list of what is live."""

from collections.abc import Callable, Mapping
from typing import Literal
from urllib.parse import quote

from streamer.live.audience import Audience, WayOut
from streamer.live.cockpits import Cockpits
from streamer.live.outlet import Title
from streamer.live.show import Show
from streamer.live.show_state import State
from streamer.live.source import Source
from streamer.live.stage import LiveStage
from streamer.live.view import (
    Cockpit,
    Host,
    ListenerCounts,
    LiveLinks,
    LiveRoom,
    NowPlaying,
    SourceView,
)


class Lookout:
    """Makes views of shows.

    Attributes:
        rtmp_port: says where RTMP is taken, None for nowhere.
        delays: how long after it came in sound is heard in a room, by way out, in ms, as far as it is known.
    """

    def __init__(
        self,
        stage: LiveStage,
        audience: Audience,
        cockpits: Cockpits,
        clock: Callable[[], float],
        now_us: Callable[[], int],
    ) -> None:
        self._stage = stage
        self._audience = audience
        self._cockpits = cockpits
        self._clock = clock
        self._now_us = now_us
        self._zero_us = now_us() - round(clock() * 1_000_000)  # once: what began has one time
        self.rtmp_port: Callable[[], int | None] = lambda: None
        self.delays: Callable[[str], dict[str, int | None]] = lambda _: {}

    def rooms(self) -> list[str]:
        """Rooms with a show that has sounded."""
        return [room for room, show in self._stage.shows.items() if show.on_air and self._stage.live(room)]

    def look(self, room: str, *, prefix: str = "", cockpit: bool = False) -> LiveRoom:
        """How a room is. Args: `prefix`: of paths that need a pass; `cockpit`: show that, too."""
        show = self._stage.live(room)
        on_air = None if show is None else show.on_air
        names = [] if on_air is None else [one.name for one in on_air.renditions]
        heard = show is not None and on_air is not None
        return LiveRoom(
            room=room,
            state="ended" if show is None or not heard else _state(show),
            since=show.since_us // 1000 if show is not None and heard else None,
            show=show.id if show is not None and heard else None,
            name=show.name if show is not None and heard else "",
            host=Host(show.admission.person, show.admission.name) if show is not None and heard else None,
            began_at=None if on_air is None else on_air.began_at_us // 1000,
            now=self._now_us() // 1000,
            title=None if show is None or show.title is None else _playing(show.title),
            renditions=names,
            listeners=self._listeners(room),
            links=_links(room, show if heard else None, names, prefix),
            rtmp_port=self.rtmp_port(),
            cockpit=self.cockpit(show) if cockpit and show is not None else None,
        )

    def cockpit(self, show: Show) -> Cockpit:
        """What its host wants to know."""
        now_s, heard = self._clock(), show.heard
        return Cockpit(
            levels=show.levels,
            alerts=list(self._cockpits.alerts(show.room)),
            sources=[self._source(one, heard, now_s) for one in show.sources.values()],
            delays_ms=self.delays(show.room),
            encoders=show.encoding.count,
        )

    def _source(self, source: Source, heard: Source | None, now_s: float) -> SourceView:
        age_s, opened = max(now_s - source.came_at, 0.001), source.format
        return SourceView(
            way=source.offer.way,
            client=source.offer.client,
            name=source.admission.name,
            priority=source.admission.priority,
            heard=source is heard,
            since=(self._zero_us + round(source.came_at * 1_000_000)) // 1000,
            received_bytes=source.received_bytes,
            bitrate=round(source.received_bytes * 8 / age_s),
            container=opened.container if opened else None,
            codec=opened.codec if opened else None,
            sample_rate=opened.sample_rate if opened else None,
            channels=opened.channels if opened else None,
        )

    def _listeners(self, room: str) -> ListenerCounts:
        here: Mapping[WayOut, int] = self._audience.of(room)
        ways = [here.get(way, 0) for way in ("hls", "websocket", "progressive")]
        return ListenerCounts(sum(ways), *ways)


def _state(show: Show) -> Literal["live", "interrupted"]:
    return "interrupted" if show.state is State.INTERRUPTED else "live"


def _playing(title: Title) -> NowPlaying:
    return NowPlaying(title.text, title.artist, title.title, title.starts_at_us // 1000)


def _links(room: str, show: Show | None, names: list[str], prefix: str) -> LiveLinks:
    name = quote(room, safe="")
    aac = any(one.startswith("aac") for one in names)
    return LiveLinks(
        page=f"/r/{name}",
        hls=f"{prefix}/hls/live/{name}/index.m3u8",
        mp3=f"{prefix}/live/{name}.mp3" if "mp3" in names else None,
        aac=f"{prefix}/live/{name}.aac" if aac else None,
        recording=None if show is None else f"/hls/{show.id}/index.m3u8",
        track=None if show is None else f"/api/v1/tracks/{show.id}",
    )
