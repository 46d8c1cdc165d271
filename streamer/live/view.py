"""What is live, as the API shows it. Times are milliseconds since the Unix epoch."""

from typing import Literal

import msgspec

from hls.live import Metered
from streamer.live.alerts import Fault


class NowPlaying(msgspec.Struct, frozen=True):
    """What plays. `media` is media time: show it when what is heard is from then."""

    text: str
    artist: str | None
    title: str | None
    media: int


class Host(msgspec.Struct, frozen=True):
    """Whose key began the show; `id` is empty for a key that is nobody's."""

    id: str
    name: str


class ListenerCounts(msgspec.Struct, frozen=True):
    """Sessions, not requests, by way out."""

    total: int
    hls: int
    websocket: int
    progressive: int


class LiveLinks(msgspec.Struct, frozen=True):
    """Where a show is heard, as paths on this server. Null: not in this form.

    `recording` begins with the show: what has been is heard there while it runs, and all of it afterwards.
    """

    page: str
    hls: str
    mp3: str | None
    aac: str | None
    recording: str | None
    track: str | None
    socket: str = "/ws"


class SourceView(msgspec.Struct, frozen=True):
    """A source that is connected. `bitrate` is what came, in bits per second since it came."""

    way: str
    client: str
    name: str
    priority: int
    heard: bool
    since: int
    received_bytes: int
    bitrate: int
    container: str | None
    codec: str | None
    sample_rate: int | None
    channels: int | None


class Cockpit(msgspec.Struct, frozen=True):
    """What the broadcaster wants to know. `levels`: see docs/protocol.md, `cockpit`; null before any sound.

    `delays_ms` is how long after it came in sound is heard, by way out, where that is known.
    """

    levels: Metered | None
    alerts: list[Fault]
    sources: list[SourceView]
    delays_ms: dict[str, int | None]
    encoders: int


class LiveRoom(msgspec.Struct, frozen=True):
    """A room's show, or that there is none: `ended`. `cockpit` is for who has a say in it.

    `now` is the server's time, for clients to compare with what they hear. `rtmp_port` is where this server
    takes sources over RTMP; null: nowhere.
    """

    room: str
    state: Literal["live", "interrupted", "ended"]
    since: int | None
    show: str | None
    name: str
    host: Host | None
    began_at: int | None
    now: int
    title: NowPlaying | None
    renditions: list[str]
    listeners: ListenerCounts
    links: LiveLinks
    rtmp_port: int | None
    cockpit: Cockpit | None


class LiveList(msgspec.Struct, frozen=True):
    """Shows of open rooms, those with the most listeners first."""

    items: list[LiveRoom]
