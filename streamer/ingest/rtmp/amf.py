"""Action Message Format 0, in which commands and metadata are written.

Source: Adobe, Action Message Format AMF 0 (2007).
"""

import math
import struct
from typing import Final, TypeAlias

from streamer.ingest.rtmp.amf3 import Amf3Reader
from streamer.ingest.rtmp.amf_reader import AmfReader
from streamer.ingest.rtmp.wire import RtmpError

AmfValue: TypeAlias = "bool | float | str | bytes | list[AmfValue] | dict[str, AmfValue] | None"

_NUMBER: Final = 0
_BOOLEAN: Final = 1
_STRING: Final = 2
_OBJECT: Final = 3
_NULL: Final = 5
_UNDEFINED: Final = 6
_REFERENCE: Final = 7
_ECMA_ARRAY: Final = 8
_OBJECT_END: Final = 9
_STRICT_ARRAY: Final = 10
_DATE: Final = 11
_LONG_STRING: Final = 12
_UNSUPPORTED: Final = 13
_XML: Final = 15
_TYPED_OBJECT: Final = 16
_AVMPLUS: Final = 17


def decode(data: bytes) -> list[AmfValue]:
    """All values of a message, one after the other.

    Dates are milliseconds since the Unix epoch, XML is text, a typed object has lost its class, and
    undefined, unsupported and a reference to an object that was there before are None.

    Raises:
        RtmpError: not AMF0, or more or deeper than `wire` allows.
    """
    reader = AmfReader(data)
    values: list[AmfValue] = []
    while reader.rest:
        values.append(_value(reader, 0))
    return values


def encode(*values: AmfValue) -> bytes:
    """Values as AMF0. Numbers are all floats there; a string may have 4 GiB, names of properties 64 KiB."""
    out = bytearray()
    for value in values:
        _write(out, value)
    return bytes(out)


def text(value: AmfValue, max_chars: int = 200) -> str:
    """A string, cut, without control characters; empty for anything else."""
    if not isinstance(value, str):
        return ""
    return "".join(char for char in value[:max_chars] if char.isprintable()).strip()


def number(value: AmfValue) -> float:
    """A finite number; 0 for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return 0.0
    return float(value)


def _value(reader: AmfReader, depth: int) -> AmfValue:
    reader.count(depth)
    marker = reader.u8()
    if marker == _NUMBER:
        return reader.double()
    if marker == _BOOLEAN:
        return reader.u8() != 0
    if marker == _STRING:
        return reader.text(reader.u16())
    if marker in (_LONG_STRING, _XML):
        return reader.text(reader.u32())
    if marker in (_NULL, _UNDEFINED, _UNSUPPORTED):
        return None
    if marker == _REFERENCE:
        reader.u16()
        return None
    if marker == _DATE:
        at_ms = reader.double()
        reader.u16()  # the time zone, which is reserved
        return at_ms
    if marker == _AVMPLUS:
        return Amf3Reader(reader).value(depth + 1)
    return _collection(reader, marker, depth)


def _collection(reader: AmfReader, marker: int, depth: int) -> AmfValue:
    if marker == _STRICT_ARRAY:
        return [_value(reader, depth + 1) for _ in range(reader.expect(reader.u32()))]
    if marker == _ECMA_ARRAY:
        reader.u32()  # how many there are, or 0: writers don't keep to it
    elif marker == _TYPED_OBJECT:
        reader.text(reader.u16())
    elif marker != _OBJECT:
        raise RtmpError(f"AMF0 has no type {marker}")
    found: dict[str, AmfValue] = {}
    while True:
        name = reader.text(reader.u16())
        if not name and reader.peek() == _OBJECT_END:
            reader.u8()
            return found
        found[name] = _value(reader, depth + 1)


def _write(out: bytearray, value: AmfValue) -> None:
    if value is None:
        out.append(_NULL)
    elif isinstance(value, bool):
        out += bytes((_BOOLEAN, value))
    elif isinstance(value, int | float):
        out += struct.pack(">Bd", _NUMBER, value)
    elif isinstance(value, str | bytes):
        _write_text(out, value)
    elif isinstance(value, list):
        out += struct.pack(">BI", _STRICT_ARRAY, len(value))
        for item in value:
            _write(out, item)
    else:
        out.append(_OBJECT)
        for name, item in value.items():
            raw = name.encode()
            out += struct.pack(">H", len(raw)) + raw
            _write(out, item)
        out += b"\0\0\x09"


def _write_text(out: bytearray, value: str | bytes) -> None:
    raw = value.encode() if isinstance(value, str) else value
    if len(raw) < 1 << 16:
        out += struct.pack(">BH", _STRING, len(raw)) + raw
    else:
        out += struct.pack(">BI", _LONG_STRING, len(raw)) + raw


def ecma_array(properties: dict[str, AmfValue]) -> bytes:
    """Properties in the form in which FLV has its metadata."""
    return struct.pack(">BI", _ECMA_ARRAY, len(properties)) + encode(properties)[1:]
