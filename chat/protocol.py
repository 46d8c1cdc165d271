"""The protocol as documents, made of the types: the JSON schema, and the tables of `docs/protocol.md`."""

import dataclasses
import re
from collections.abc import Callable, Iterator
from typing import Any, get_args

import msgspec

from chat.commands import COMMANDS, AnyCommand
from chat.errors import CloseCode, ErrorCode, may_reconnect
from chat.events import EVENTS, AnyEntry, AnyEvent
from chat.fields import describe
from chat.limits import ChatLimits

_REF = "#/$defs/{name}"
_UNIONS = {"AnyCommand": AnyCommand, "AnyEvent": AnyEvent, "AnyEntry": AnyEntry}
_TABLE = re.compile(
    r"(?P<begin><!-- (?P<name>[a-z ]+): python -m scripts\.protocol -->\n).*?(?P<end><!-- /(?P=name) -->)",
    re.S,
)
_ROW = re.compile(r"^\| `(\w+)` \|.*\| (.*) \|$", re.M)


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of every frame; `AnyCommand`, `AnyEvent` and `AnyEntry` are among its `$defs`."""
    schemas, components = msgspec.json.schema_components(list(_UNIONS.values()), ref_template=_REF)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The WebSocket protocol of Veza",
        "anyOf": [{"$ref": _REF.format(name=name)} for name in ("AnyCommand", "AnyEvent")],
        "$defs": components | dict(zip(_UNIONS, schemas, strict=True)),
    }


def encode_schema() -> str:
    """The text of `docs/protocol.schema.json`."""
    return msgspec.json.format(msgspec.json.encode(schema(), order="sorted"), indent=2).decode() + "\n"


def fill_in(page: str) -> str:
    """`docs/protocol.md` with its tables as they should be; its words stay.

    A table lies between `<!-- NAME: ... -->` and `<!-- /NAME -->`. What comes beyond a limit is said in the
    page alone, in the last cell of its row.
    """

    def table(found: re.Match[str]) -> str:
        rows = "".join(f"{row}\n" for row in _TABLES[found["name"]](found[0]))
        return found["begin"] + rows + found["end"]

    return _TABLE.sub(table, page)


def _commands(_: str) -> Iterator[str]:
    yield "| `type` | field | required | value |"
    yield "|---|---|---|---|"
    for tag, kind in COMMANDS.items():
        yield f"| `{tag}` | | | {_purpose(kind)} |"
        for field in msgspec.structs.fields(kind):
            required = "yes" if field.required else "no"
            yield f"| | `{field.name}` | {required} | {_value(field)} |"


def _events(_: str) -> Iterator[str]:
    yield "| `type` | field | value |"
    yield "|---|---|---|"
    for tag, kind in EVENTS.items():
        yield f"| `{tag}` | | {_purpose(kind)} |"
        for field in msgspec.structs.fields(kind):
            yield f"| | `{field.name}` | {_value(field)} |"


def _errors(_: str) -> Iterator[str]:
    yield "| `code` | meaning |"
    yield "|---|---|"
    yield from (f"| `{code.value}` | {code.meaning} |" for code in ErrorCode)


def _close_codes(_: str) -> Iterator[str]:
    yield "| code | reason | reconnect | meaning |"
    yield "|---|---|---|---|"
    for code in CloseCode:
        yield f"| {int(code)} | {code.reason} | {'yes' if may_reconnect(code) else 'no'} | {code.meaning} |"


def _limits(before: str) -> Iterator[str]:
    said = dict(_ROW.findall(before))
    limits = ChatLimits()
    yield "| limit | default | beyond it |"
    yield "|---|---|---|"
    for field in dataclasses.fields(limits):
        yield f"| `{field.name}` | {getattr(limits, field.name):.10g} | {said.get(field.name, '')} |"


_TABLES: dict[str, Callable[[str], Iterator[str]]] = {
    "commands": _commands,
    "events": _events,
    "errors": _errors,
    "close codes": _close_codes,
    "limits": _limits,
}


def _purpose(kind: type[Any]) -> str:
    return " ".join((kind.__doc__ or "").split())


def _value(field: msgspec.structs.FieldInfo) -> str:
    text = describe(field.type).replace("|", "\\|")
    nullable = type(None) in get_args(field.type) and "null" not in text
    return f"{text}, or null" if nullable else text
