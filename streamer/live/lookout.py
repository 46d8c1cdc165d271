"""Looks at shows, for those who ask: listeners, hosts, the list of what is live."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Protocol
from urllib.parse import quote

from msgspec import DecodeError, Struct
from msgspec.msgpack import decode

from hls.live import OnAir
from streamer.live.audience import Audience, WayOut
from streamer.live.cockpits import Cockpits
from streamer.live.far import FarShow
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


class Elsewhere(Protocol):
    """What is on at other nodes, see `streamer.live.nodes`."""

    def far(self, room: str) -> FarShow | None: ...

    def rooms(self) -> list[str]: ...

    def counts(self, room: str) -> Counter[WayOut]: ...


class _Seen(Struct, frozen=True):
    """What is the same of every show, wherever it is."""

    on_air: OnAir
    name: str
    host: Host
    interrupted: bool
    since_us: int
    title: Title | None


class Lookout:
    """Makes views of shows.

    Attributes:
        rtmp_port: says where RTMP is taken, None for nowhere.
        delays: how long after it came in sound is heard in a room, by way out, in ms, as far as it is known.
        nodes: what is on elsewhere; None where there is one node.
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
        self.nodes: Elsewhere | None = None

    def rooms(self) -> list[str]:
        """Rooms with a show that has sounded, on this node or another."""
        shows = self._stage.shows.items()
        here = [room for room, show in shows if show.on_air and self._stage.live(room)]
        return here if self.nodes is None else [*dict.fromkeys((*here, *self.nodes.rooms()))]

    def look(self, room: str, *, prefix: str = "", cockpit: bool = False) -> LiveRoom:
        """How a room is. Args: `prefix`: of paths that need a pass; `cockpit`: show that, too."""
        show = self._stage.live(room)
        on = self._seen(room, show)
        names = [] if on is None else [one.name for one in on.on_air.renditions]
        return LiveRoom(
            room=room,
            state="ended" if on is None else "interrupted" if on.interrupted else "live",
            since=None if on is None else on.since_us // 1000,
            show=None if on is None else on.on_air.show,
            name="" if on is None else on.name,
            host=None if on is None else on.host,
            began_at=None if on is None else on.on_air.began_at_us // 1000,
            now=self._now_us() // 1000,
            title=None if on is None or on.title is None else _playing(on.title),
            renditions=names,
            listeners=self._listeners(room),
            links=_links(room, None if on is None else on.on_air.show, names, prefix),
            rtmp_port=self.rtmp_port(),
            cockpit=self._cockpit(room, show) if cockpit else None,
        )

    def _seen(self, room: str, show: Show | None) -> "_Seen | None":
        """The show of this node, or of another, once it has sounded."""
        if show is not None and show.on_air is not None:
            host = Host(show.admission.person, show.admission.name)
            away = show.state is State.INTERRUPTED
            return _Seen(show.on_air, show.name, host, away, show.since_us, show.title)
        far = None if self.nodes is None else self.nodes.far(room)
        if far is None or far.on_air is None:
            return None
        host = Host(far.bill.person, far.bill.person_name)
        return _Seen(far.on_air, far.bill.name, host, far.interrupted, far.since_us, far.title)

    def _cockpit(self, room: str, show: Show | None) -> Cockpit | None:
        if show is not None:
            return self.cockpit(show)
        far = None if self.nodes is None else self.nodes.far(room)
        return None if far is None else decode_cockpit(far.post.cockpit)

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
        if self.nodes is not None:
            here = self._audience.of(room) + self.nodes.counts(room)
        ways = [here.get(way, 0) for way in ("hls", "websocket", "progressive")]
        return ListenerCounts(sum(ways), *ways)


def decode_cockpit(data: bytes) -> Cockpit | None:
    """What another node says; None if it is of another version."""
    try:
        return decode(data, type=Cockpit)
    except DecodeError:
        return None


def _playing(title: Title) -> NowPlaying:
    return NowPlaying(title.text, title.artist, title.title, title.starts_at_us // 1000)


def _links(room: str, show: str | None, names: list[str], prefix: str) -> LiveLinks:
    name = quote(room, safe="")
    aac = any(one.startswith("aac") for one in names)
    return LiveLinks(
        page=f"/r/{name}",
        hls=f"{prefix}/hls/live/{name}/index.m3u8",
        mp3=f"{prefix}/live/{name}.mp3" if "mp3" in names else None,
        aac=f"{prefix}/live/{name}.aac" if aac else None,
        recording=None if show is None else f"/hls/{show}/index.m3u8",
        track=None if show is None else f"/api/v1/tracks/{show}",
    )
