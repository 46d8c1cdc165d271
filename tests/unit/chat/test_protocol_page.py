"""docs/protocol.md says what the types say: nothing is missing, and nothing is there that is not."""

import dataclasses
import re
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from chat.commands import COMMANDS
from chat.decoding import Malformed, decode_command
from chat.errors import CloseCode, ErrorCode, may_reconnect
from chat.events import AnyEvent
from chat.limits import ChatLimits

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "protocol.md").read_text()
EVENTS = {kind.__struct_config__.tag: kind for kind in get_args(AnyEvent)}


def table(section: str) -> list[list[str]]:
    """The rows of the section's table, without its head."""
    text = re.search(rf"^## {section}\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)
    assert text, f"no section {section}"
    rows = [line for line in text[1].splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def frames(section: str) -> dict[str, dict[str, list[str]]]:
    """Type -> field -> the other cells."""
    found: dict[str, dict[str, list[str]]] = {}
    kind = ""
    for type, field, *rest in table(section):
        kind = type.strip("`") or kind  # an empty cell goes on with the type above
        fields = found.setdefault(kind, {})
        if field:
            assert field.strip("`") not in fields, f"{kind}.{field} is there twice"
            fields[field.strip("`")] = rest
    return found


def names(kind: type[Any]) -> list[str]:
    return [field.name for field in msgspec.structs.fields(kind)]


def test_every_command_and_field_is_there() -> None:
    documented = frames("Commands")
    assert {kind: list(fields) for kind, fields in documented.items()} == {
        tag: names(kind) for tag, kind in COMMANDS.items()
    }
    for tag, kind in COMMANDS.items():
        for field in msgspec.structs.fields(kind):
            assert documented[tag][field.name][0] == ("yes" if field.required else "no"), (
                f"{tag}.{field.name}"
            )


def test_every_event_and_field_is_there() -> None:
    documented = frames("Events")
    assert {kind: list(fields) for kind, fields in documented.items()} == {
        tag: names(kind) for tag, kind in EVENTS.items()
    }


@pytest.mark.parametrize("tag", COMMANDS)
def test_the_limits_of_fields_are_those_of_the_types(tag: str) -> None:
    for field in msgspec.structs.fields(COMMANDS[tag]):
        metas = [
            meta for part in (field.type, *get_args(field.type)) for meta in getattr(part, "__metadata__", ())
        ]
        value = frames("Commands")[tag][field.name][1]
        assert metas, f"{tag}.{field.name} has no limit"
        assert value.startswith(metas[0].description.removesuffix(", or null")), f"{tag}.{field.name}"


def test_every_error_code_is_there() -> None:
    assert table("Errors") == [[f"`{code.value}`", code.meaning] for code in ErrorCode]


def test_every_close_code_is_there() -> None:
    assert table("Close codes") == [
        [str(int(code)), code.reason, "yes" if may_reconnect(code) else "no", code.meaning]
        for code in CloseCode
    ]


def test_every_limit_is_there_with_its_default() -> None:
    limits = ChatLimits()
    expected = [(field.name, f"{getattr(limits, field.name):.10g}") for field in dataclasses.fields(limits)]
    assert [(name.strip("`"), default) for name, default, _ in table("Limits")] == expected


def test_the_example_is_made_of_real_frames() -> None:
    lines = re.findall(r"^(->|<-) (.*)$", PAGE, re.M)
    for arrow, line in lines:
        if arrow == "->":
            assert not isinstance(decode_command(line.encode()), Malformed), line
        else:
            msgspec.json.decode(line.encode(), type=AnyEvent)
    assert len(lines) == 8
