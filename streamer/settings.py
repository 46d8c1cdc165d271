"""Every setting, once: its type, bounds, unit, default and meaning.

A value comes from the first of: the variable `VEZA_<KEY>`; the TOML file named by `VEZA_CONFIG`, or else
`veza.toml` in the working directory if there is one; the default below. `config/veza.toml` repeats this list
with the reasons, and a test holds the two together.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from streamer.broker_redis.url import read_url
from streamer.chat_settings import read_limits
from streamer.settings_words import ALLOWED

PREFIX = "VEZA_"
CONFIG_VARIABLE = "VEZA_CONFIG"
DEFAULT_FILE = Path("veza.toml")
# Neither query nor user: credentials come from AWS_ variables. S3's own rules for the name of a bucket.
STORE_URL = r"^(file:|file:///[^?#]+|s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9!_.*'()/-]*)?)$"
SECRET_KEYS = frozenset({"secret", "database_url", "redis_url"})  # URLs may carry a password


class SettingsError(Exception):
    """The configuration can't be used. One line: the key, the value and what is allowed."""


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


_TYPES: dict[str, Any] = get_type_hints(Settings, include_extras=True)


def load(environ: Mapping[str, str], *, working_dir: Path | None = None) -> Settings:
    """Read the settings from the environment and the file it names.

    Raises:
        SettingsError: an unknown key, a wrong value, or a file that can't be read. The operator's fault.
    """
    values: dict[str, Any] = {}
    path = _file(environ, working_dir or Path.cwd())
    if path is not None:
        for key, value in _read(path).items():
            if key not in _TYPES:
                raise SettingsError(
                    f"{key} (in {path}) is not a setting; the settings are: {', '.join(_TYPES)}"
                )
            values[key] = _convert(key, value, f"in {path}", strict=True)
    for variable, text in environ.items():
        if not variable.startswith(PREFIX) or variable == CONFIG_VARIABLE:
            continue
        key = variable.removeprefix(PREFIX).lower()
        if key not in _TYPES or variable != variable.upper():
            known = ", ".join(PREFIX + name.upper() for name in _TYPES)
            raise SettingsError(f"{variable} is not a setting; the settings are: {CONFIG_VARIABLE}, {known}")
        raw: Any = text
        if get_origin(_plain(key)) is list:
            raw = [part.strip() for part in text.split(",") if part.strip()]
        values[key] = _convert(key, raw, f"from {variable}", strict=False)
    settings = Settings(**values)
    _check_redis(settings)
    return settings


def _check_redis(settings: Settings) -> None:
    if not settings.redis_url:
        return
    if not settings.secret:
        raise SettingsError("redis_url is set, so secret must be set too: all nodes sign with the same one")
    try:
        read_url(settings.redis_url)
    except ValueError as error:
        raise SettingsError(f"redis_url = (not shown) can't be used: {error}") from None


def describe(key: str) -> tuple[str, str, str]:
    """The unit, the meaning and what is allowed, in words, of one setting."""
    meta = _meta(key)
    unit = str((meta.extra or {})["unit"])
    return unit, meta.description or "", _allowed(key)


def keys() -> tuple[str, ...]:
    """Every setting, in the order of the file."""
    return tuple(_TYPES)


def shown(settings: Settings) -> list[str]:
    """The settings as lines of a file, with secrets hidden."""
    values = {key: getattr(settings, key) for key in keys()}
    hidden = {key: "(hidden)" for key in SECRET_KEYS if values[key]}
    return [f"{key} = {msgspec.json.encode(value).decode()}" for key, value in (values | hidden).items()]


def _file(environ: Mapping[str, str], working_dir: Path) -> Path | None:
    named = environ.get(CONFIG_VARIABLE)
    if named:
        return Path(named)
    default = working_dir / DEFAULT_FILE
    return default if default.is_file() else None


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            f"{CONFIG_VARIABLE} names {path}, which can't be read: {os.strerror(error.errno or 0)}"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from None


def _convert(key: str, value: Any, where: str, *, strict: bool) -> Any:
    try:
        value = msgspec.convert(value, _TYPES[key], strict=strict)
        if key == "chat_limits":
            read_limits(value)
        return value
    except ValueError as error:  # msgspec's is one
        if key == "chat_limits" and isinstance(value, list):
            raise SettingsError(f"{key} ({where}) is not allowed: {error}") from None
        # The URL of a store takes no password, but somebody may try.
        hidden = key in SECRET_KEYS or (key == "store_url" and "@" in str(value))
        shown = "(not shown)" if hidden else repr(value)
        raise SettingsError(f"{key} = {shown} ({where}) is not allowed: it must be {_allowed(key)}") from None


def _meta(key: str) -> Meta:
    return next(item for item in get_args(_TYPES[key])[1:] if isinstance(item, Meta))


def _plain(key: str) -> Any:
    return get_args(_TYPES[key])[0]


def _allowed(key: str) -> str:
    if key in ALLOWED:
        return ALLOWED[key]
    plain, meta = _plain(key), _meta(key)
    if get_origin(plain) is Literal:
        return " or ".join(get_args(plain))
    if plain is str:
        return "text that is not empty"
    low = f"more than {meta.gt}" if meta.gt is not None else f"at least {meta.ge}"
    return f"{'a whole number' if plain is int else 'a number'}, {low} and at most {meta.le}"
