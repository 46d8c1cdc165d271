"""Action Message Format 3, to which a message of AMF0 may change over. Read only: answers are AMF0.

Source: Adobe, Action Message Format AMF 3 (2013).
"""

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from streamer.ingest.rtmp.amf_reader import AmfReader
from streamer.ingest.rtmp.wire import RtmpError

if TYPE_CHECKING:
    from streamer.ingest.rtmp.amf import AmfValue

_UNDEFINED: Final = 0
_NULL: Final = 1
_FALSE: Final = 2
_TRUE: Final = 3
_INTEGER: Final = 4
_DOUBLE: Final = 5
_STRING: Final = 6
_XML_DOCUMENT: Final = 7
_DATE: Final = 8
_ARRAY: Final = 9
_OBJECT: Final = 10
_XML: Final = 11
_BYTES: Final = 12
_INTEGERS: Final = 13
_UNSIGNED: Final = 14
_DOUBLES: Final = 15
_VALUES: Final = 16
_DICTIONARY: Final = 17

_VECTORS: Final = {_INTEGERS: ">i", _UNSIGNED: ">I", _DOUBLES: ">d"}


class _Traits(NamedTuple):
    names: tuple[str, ...]
    dynamic: bool


class Amf3Reader:
    """Values of AMF3 out of a message, with what they refer back to.

    Objects, arrays and dates that are referred to again come as None: nothing that an encoder sends has any.
    """

    def __init__(self, reader: AmfReader) -> None:
        self._reader = reader
        self._strings: list[str] = []
        self._traits: list[_Traits] = []

    def value(self, depth: int) -> "AmfValue":
        """The next value, inside `depth` others.

        Raises:
            RtmpError: not AMF3, or more or deeper than `wire` allows.
        """
        reader = self._reader
        reader.count(depth)
        marker = reader.u8()
        if marker in (_UNDEFINED, _NULL):
            return None
        if marker in (_FALSE, _TRUE):
            return marker == _TRUE
        if marker == _INTEGER:
            found = self._u29()
            return float(found - (1 << 29) if found >= 1 << 28 else found)
        if marker == _DOUBLE:
            return reader.double()
        if marker == _STRING:
            return self._text()
        if marker > _DICTIONARY:
            raise RtmpError(f"AMF3 has no type {marker}")
        size = self._u29()
        if not size & 1:
            return None
        return self._referable(marker, size >> 1, depth)

    def _referable(self, marker: int, size: int, depth: int) -> "AmfValue":
        reader = self._reader
        if marker in (_XML_DOCUMENT, _XML):
            return reader.text(size)
        if marker == _DATE:
            return reader.double()
        if marker == _BYTES:
            return reader.take(size)
        if marker == _ARRAY:
            return self._array(size, depth)
        if marker == _OBJECT:
            return self._object(size, depth)
        if marker == _DICTIONARY:
            return self._dictionary(size, depth)
        return self._vector(marker, size, depth)

    def _array(self, size: int, depth: int) -> "AmfValue":
        named = self._named(depth)
        items = [self.value(depth + 1) for _ in range(self._reader.expect(size))]
        if not named:
            return items
        return named | {str(index): item for index, item in enumerate(items)}

    def _object(self, size: int, depth: int) -> "AmfValue":
        traits = self._object_traits(size)
        found = {name: self.value(depth + 1) for name in traits.names}
        return found | self._named(depth) if traits.dynamic else found

    def _object_traits(self, size: int) -> _Traits:
        if not size & 1:
            known = size >> 1
            if known >= len(self._traits):
                raise RtmpError(f"AMF3 refers to traits {known} of {len(self._traits)}")
            return self._traits[known]
        if size & 2:
            raise RtmpError("AMF3 has an object in a form of its own (externalizable)")
        self._text()  # the class
        names = tuple(self._text() for _ in range(self._reader.expect(size >> 3)))
        traits = _Traits(names, bool(size & 4))
        self._traits.append(traits)
        return traits

    def _named(self, depth: int) -> "dict[str, AmfValue]":
        found: dict[str, AmfValue] = {}
        while name := self._text():
            found[name] = self.value(depth + 1)
        return found

    def _dictionary(self, size: int, depth: int) -> "AmfValue":
        self._reader.u8()  # whether its keys are weak
        found: dict[str, AmfValue] = {}
        for index in range(self._reader.expect(size)):
            key = self.value(depth + 1)
            found[key if isinstance(key, str) else str(index)] = self.value(depth + 1)
        return found

    def _vector(self, marker: int, size: int, depth: int) -> "AmfValue":
        reader = self._reader
        reader.u8()  # whether its length is fixed
        if marker == _VALUES:
            self._text()  # the class
            return [self.value(depth + 1) for _ in range(reader.expect(size))]
        form = _VECTORS[marker]
        width = struct.calcsize(form)
        raw = reader.take(reader.expect(size) * width)
        return [float(number) for (number,) in struct.iter_unpack(form, raw)]

    def _text(self) -> str:
        size = self._u29()
        if not size & 1:
            known = size >> 1
            if known >= len(self._strings):
                raise RtmpError(f"AMF3 refers to text {known} of {len(self._strings)}")
            return self._strings[known]
        found = self._reader.text(size >> 1)
        if found:
            self._strings.append(found)
        return found

    def _u29(self) -> int:
        found = 0
        for _ in range(3):
            byte = self._reader.u8()
            found = found << 7 | byte & 0x7F
            if byte < 0x80:
                return found
        return found << 8 | self._reader.u8()
