"""Every setting, once: its type, bounds, unit, default and meaning. `streamer.settings` reads them."""

from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

# Neither query nor user: credentials come from AWS_ variables. S3's own rules for the name of a bucket.
STORE_URL = r"^(file:|file:///[^?#]+|s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9!_.*'()/-]*)?)$"
SECRET_KEYS = frozenset({"secret", "database_url", "redis_url"})  # URLs may carry a password


def _unit(name: str, description: str, **bounds: Any) -> Meta:
    return Meta(description=description, extra={"unit": name}, **bounds)


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the operator decides. The keys of the file and, in capitals after `VEZA_`, of the environment."""

    host: Annotated[str, _unit("address", "Address to listen on.", min_length=1)] = "127.0.0.1"
    port: Annotated[int, _unit("TCP port", "Port to listen on; 0 takes a free one.", ge=0, le=65535)] = 8080
    origins: Annotated[
        list[Annotated[str, Meta(pattern=r"^(\*|https?://[^/\s,]+)$")]],
        _unit("origins", "Sites besides our own whose pages may write and open WebSockets."),
    ] = msgspec.field(default_factory=list)
    trusted_proxies: Annotated[
        list[Annotated[str, Meta(pattern=r"^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$")]],
        _unit("networks", "Reverse proxies whose X-Forwarded-For says who a client is."),
    ] = msgspec.field(default_factory=list)
    stop_grace_s: Annotated[
        float, _unit("seconds", "How long a stop waits for requests and workers.", ge=0, le=600)
    ] = 10.0

    data_dir: Annotated[
        str, _unit("path", "Folder of the recordings, the database and the secret.", min_length=1)
    ] = "data"
    database_url: Annotated[
        str,
        _unit(
            "URL",
            "sqlite:///path or postgresql://user:password@host/name; empty: SQLite in the data folder.",
            pattern=r"^(|sqlite:///.+|postgresql://.+)$",
        ),
    ] = ""
    store_url: Annotated[
        str,
        _unit(
            "URL",
            "Where finished recordings lie: file: is the data folder; file:///folder or s3://bucket/prefix.",
            pattern=STORE_URL,
        ),
    ] = "file:"
    store_cache_bytes: Annotated[
        int, _unit("bytes", "Disk space for what is played from a store.", ge=16 << 20, le=1 << 50)
    ] = 4 << 30
    redis_url: Annotated[
        str,
        _unit(
            "URL",
            "redis://host or rediss://user:password@host:port/database, for several nodes; empty: one node.",
            pattern=r"^(|rediss?://.+)$",
        ),
    ] = ""
    redis_replicas: Annotated[
        int, _unit("replicas", "So many must have a message before it is acknowledged.", ge=0, le=10)
    ] = 0

    secret: Annotated[
        str,
        _unit("text", "Signs tokens; empty: made once and kept in the data folder.", pattern=r"^(|.{16,})$"),
    ] = ""
    uploads: Annotated[
        Literal["anyone", "token"], _unit("choice", "Who may upload and delete: anyone, or who has a token.")
    ] = "anyone"

    max_upload_bytes: Annotated[int, _unit("bytes", "Largest recording.", ge=1 << 10, le=1 << 42)] = 8 << 30
    quota_bytes: Annotated[
        int, _unit("bytes", "What one account may keep, as it was uploaded; 0: no limit.", ge=0, le=1 << 50)
    ] = 0
    max_uploads: Annotated[int, _unit("uploads", "Uploads at the same time.", ge=1, le=10_000)] = 32
    upload_idle_s: Annotated[
        float, _unit("seconds", "An upload that sends nothing for so long is ended.", ge=0.1, le=3600)
    ] = 60.0
    upload_ttl_s: Annotated[
        int, _unit("seconds", "An interrupted upload may be resumed for so long.", ge=1, le=365 * 86_400)
    ] = 86_400
    min_free_bytes: Annotated[
        int, _unit("bytes", "Disk space that uploads leave free.", ge=0, le=1 << 50)
    ] = 256 << 20

    renditions: Annotated[
        list[Literal["aac128", "aac64", "aac256", "flac", "opus96"]],
        _unit("names", "What a recording is encoded to; FLAC only where it is lossless."),
    ] = msgspec.field(default_factory=lambda: ["aac128", "aac64", "aac256", "flac"])
    max_workers: Annotated[int, _unit("processes", "Recordings packaged at the same time.", ge=1, le=256)] = 8
    worker_memory_bytes: Annotated[
        int, _unit("bytes", "Memory one worker may take.", ge=128 << 20, le=1 << 40)
    ] = 1 << 30
    worker_cpu_s: Annotated[int, _unit("seconds", "CPU time one worker may take.", ge=1, le=86_400)] = 7200
    worker_stall_s: Annotated[
        float,
        _unit("seconds", "A worker that has bytes and reports nothing for so long is ended.", ge=1, le=3600),
    ] = 60.0
    max_duration_s: Annotated[int, _unit("seconds", "Longest recording.", ge=1, le=7 * 86_400)] = 24 * 3600
    max_output_bytes: Annotated[int, _unit("bytes", "Largest packaged file.", ge=1 << 20, le=1 << 40)] = (
        16 << 30
    )

    rtmp_port: Annotated[
        int, _unit("TCP port", "Port for RTMP; 0 takes a free one, -1 none.", ge=-1, le=65535)
    ] = 1935
    live_grace_s: Annotated[
        float, _unit("seconds", "A show whose source is away waits for it so long.", ge=5, le=86_400)
    ] = 120.0
    live_renditions: Annotated[
        list[Literal["aac128", "aac64", "flac", "opus96", "mp3"]],
        _unit("names", "What a show is encoded to; MP3 only for players that want it over plain HTTP."),
    ] = msgspec.field(default_factory=lambda: ["aac128", "aac64", "mp3"])
    live_record: Annotated[
        Literal["open", "never"], _unit("choice", "Shows of rooms that everybody may enter become tracks.")
    ] = "open"
    live_max_shows: Annotated[int, _unit("shows", "Live at the same time.", ge=1, le=1000)] = 16
    live_max_sources: Annotated[
        int, _unit("sources", "Connected to one room: the one that is heard, and fallbacks.", ge=1, le=64)
    ] = 4
    live_burst_s: Annotated[
        float, _unit("seconds", "Sound that a player of /live/ROOM.mp3 gets at once.", ge=0, le=30)
    ] = 2.0
    live_max_progressive: Annotated[
        int, _unit("players", "Players of /live/ROOM.mp3 and .aac at the same time.", ge=1, le=1_000_000)
    ] = 10_000

    max_head_bytes: Annotated[int, _unit("bytes", "Largest request head.", ge=1024, le=1 << 20)] = 16_384
    max_header_count: Annotated[int, _unit("headers", "Most header fields.", ge=8, le=10_000)] = 100
    head_timeout_s: Annotated[
        float, _unit("seconds", "A request head must be complete within this.", ge=0.1, le=600)
    ] = 15.0
    idle_timeout_s: Annotated[
        float, _unit("seconds", "A connection without a request is closed after this.", ge=1, le=3600)
    ] = 75.0

    max_connections: Annotated[
        int, _unit("connections", "Open at once, WebSockets not counted.", ge=1, le=1_000_000)
    ] = 10_000

    messages_per_s: Annotated[
        float, _unit("messages per second", "What one connection may send in the long run.", gt=0, le=10_000)
    ] = 10.0
    messages_burst: Annotated[
        int, _unit("messages", "What one connection may send at once.", ge=1, le=100_000)
    ] = 50
    accepts_per_s: Annotated[
        float,
        _unit("WebSockets per second", "What this node opens in the long run.", gt=0, le=1_000_000),
    ] = 500.0
    accepts_burst: Annotated[
        int, _unit("WebSockets", "What this node opens at once.", ge=1, le=1_000_000)
    ] = 250
    chat_limits: Annotated[
        list[str], _unit("limits", "Other limits of rooms, where they are not to be as by default.")
    ] = msgspec.field(default_factory=list)

    log_format: Annotated[
        Literal["auto", "console", "json"], _unit("choice", "auto: console on a terminal, else JSON.")
    ] = "auto"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], _unit("choice", "Least serious line that is written.")
    ] = "info"

    @property
    def data_path(self) -> Path:
        return Path(self.data_dir).absolute()

    @property
    def effective_database_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data_path / 'veza.db'}"
