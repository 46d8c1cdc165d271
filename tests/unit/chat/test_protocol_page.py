"""docs/ says of the protocol what the types say: `python -m scripts.protocol` writes it there."""

import dataclasses
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chat.commands import COMMANDS
from chat.decoding import Malformed, decode_command
from chat.events import EVENTS, AnyEvent
from chat.fields import describe
from chat.limits import ChatLimits
from chat.protocol import encode_schema, fill_in, schema

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGE = (DOCS / "protocol.md").read_text()
HOW = "run python -m scripts.protocol"


def test_the_page_says_what_the_types_say() -> None:
    assert fill_in(PAGE) == PAGE, HOW
    tables = set(re.findall(r"^<!-- ([a-z ]+): ", PAGE, re.M))
    assert tables == {"commands", "events", "errors", "close codes", "limits"}


def test_the_schema_is_that_of_the_types() -> None:
    assert (DOCS / "protocol.schema.json").read_text() == encode_schema(), HOW


@pytest.mark.parametrize("kind", [*COMMANDS.values(), *EVENTS.values()], ids=lambda kind: kind.__name__)
def test_everything_is_described(kind: type[Any]) -> None:
    assert kind.__doc__, "no docstring"
    for field in msgspec.structs.fields(kind):
        assert describe(field.type), f"{field.name}: its type has no Meta(description=...)"


def test_every_limit_says_what_is_beyond_it() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| (.*) \|$", PAGE, re.M))
    for field in dataclasses.fields(ChatLimits):
        assert rows[field.name], f"say in docs/protocol.md what is beyond {field.name}"


def test_words_of_the_page_stay() -> None:
    page = (
        "one\n<!-- limits: python -m scripts.protocol -->\n"
        "| `messages_burst` | 7 | this happens |\n<!-- /limits -->\ntwo\n"
    )
    filled = fill_in(page)
    assert filled.startswith("one\n<!-- limits") and filled.endswith("<!-- /limits -->\ntwo\n")
    assert "| `messages_burst` | 50 | this happens |\n" in filled
    assert "| `messages_per_s` | 10 |  |\n" in filled


def test_the_schema_has_every_frame() -> None:
    found = schema()
    tags = {
        definition["properties"]["type"]["enum"][0]
        for definition in found["$defs"].values()
        if "type" in definition.get("properties", {})
    }
    assert tags == COMMANDS.keys() | EVENTS.keys()

    def references(value: Any) -> set[str]:
        if isinstance(value, dict):
            here = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
            return here.union(*map(references, value.values()))
        return set().union(*map(references, value)) if isinstance(value, list) else set()

    assert references(found) <= {f"#/$defs/{name}" for name in found["$defs"]}


def test_the_example_is_made_of_real_frames() -> None:
    lines = re.findall(r"^(->|<-) (.*)$", PAGE, re.M)
    for arrow, line in lines:
        if arrow == "->":
            assert not isinstance(decode_command(line.encode()), Malformed), line
        else:
            msgspec.json.decode(line.encode(), type=AnyEvent)
    assert len(lines) >= 13
