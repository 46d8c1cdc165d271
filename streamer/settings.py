"""Where settings come from. `streamer.settings_table` has every one of them.

A value comes from the first of: the variable `VEZA_<KEY>`; the TOML file named by `VEZA_CONFIG`, or else
`veza.toml` in the working directory if there is one; the default below. `config/veza.toml` repeats this list
with the reasons, and a test holds the two together.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from streamer.broker_redis.url import read_url
from streamer.chat_settings import read_limits
from streamer.settings_table import SECRET_KEYS, Settings
from streamer.settings_words import ALLOWED

__all__ = ["Settings", "SettingsError", "describe", "keys", "load", "shown"]

PREFIX = "VEZA_"
CONFIG_VARIABLE = "VEZA_CONFIG"
DEFAULT_FILE = Path("veza.toml")


class SettingsError(Exception):
    """The configuration can't be used. One line: the key, the value and what is allowed."""


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
