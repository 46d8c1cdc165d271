"""JSON text to commands; for what is not a command, a reply that names the value and the limit it broke."""

from typing import Any

import msgspec
from msgspec import Struct

from chat.commands import COMMANDS, AnyCommand, Command
from chat.errors import ErrorCode
from chat.events import Error
from chat.fields import describe

_MAX_SHOWN_CHARS = 40
_MAX_ECHOED_CHARS = 64


class Malformed(Struct, frozen=True):
    """What came instead of a command. It is counted like one, and answered by `reply`."""

    reply: Error


_decoder: msgspec.json.Decoder[AnyCommand] = msgspec.json.Decoder(AnyCommand)


def decode_command(text: bytes) -> AnyCommand | Malformed:
    """Read one text frame. Never raises.

    Args:
        text: UTF-8; whether it is was checked before.
    """
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _judge(text)


def _judge(text: bytes) -> AnyCommand | Malformed:
    """The slow way, for the few frames that the typed decoder refuses: find out what is wrong."""
    try:
        frame = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Malformed(Error(ErrorCode.MALFORMED.value, f"not JSON: {error}"))
    except RecursionError:
        return Malformed(Error(ErrorCode.MALFORMED.value, "JSON nested too deeply"))
    if not isinstance(frame, dict):
        return Malformed(Error(ErrorCode.MALFORMED.value, f"a frame is a JSON object, not {_show(frame)}"))
    kind = COMMANDS.get(frame["type"]) if isinstance(frame.get("type"), str) else None
    if kind is None:
        shown = _show(frame["type"]) if "type" in frame else "missing"
        return _refuse(frame, ErrorCode.UNKNOWN_TYPE, f"type is {shown}, not one of {', '.join(COMMANDS)}")
    # The limit of a body counts after the space around it is gone.
    if isinstance(frame.get("body"), str):
        frame["body"] = frame["body"].strip()
    try:
        command: AnyCommand = msgspec.convert(frame, AnyCommand)
    except msgspec.ValidationError as error:
        return _refuse(frame, ErrorCode.INVALID_FIELD, _explain(frame, kind) or str(error))
    return command


def _explain(frame: dict[str, Any], kind: type[Command]) -> str | None:
    """The first field at fault, or None when each is right by itself."""
    for field in msgspec.structs.fields(kind):
        if field.name not in frame:
            if field.required:
                return f"{field.name} is missing"
            continue
        value = frame[field.name]
        try:
            msgspec.convert(value, field.type)
        except msgspec.ValidationError:
            return f"{field.name} is {_show(value)}, not {describe(field.type)}"
    return None


def _refuse(frame: dict[str, Any], code: ErrorCode, message: str) -> Malformed:
    return Malformed(Error(code.value, message, nonce=_echo(frame, "nonce"), room=_echo(frame, "room")))


def _echo(frame: dict[str, Any], key: str) -> str | None:
    """What the client called the command, for its reply; within bounds, for the reply's sake."""
    value = frame.get(key)
    return value if isinstance(value, str) and len(value) <= _MAX_ECHOED_CHARS else None


def _show(value: object) -> str:
    if isinstance(value, str):
        if len(value) > _MAX_SHOWN_CHARS:
            return f"{msgspec.json.encode(value[:_MAX_SHOWN_CHARS]).decode()}… ({len(value)} characters)"
        return msgspec.json.encode(value).decode()
    shown = msgspec.json.encode(value).decode()
    return shown if len(shown) <= _MAX_SHOWN_CHARS else f"{shown[:_MAX_SHOWN_CHARS]}…"
