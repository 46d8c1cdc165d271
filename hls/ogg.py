"""Where one link of a chained Ogg stream ends and the next begins, told from its pages alone.

FFmpeg follows a chain as well as it can. A link that is opened anew may be of another codec, rate or number
of channels, and its tags are read again.

Source: RFC 3533, sections 4 and 6.
"""

_CAPTURE = b"OggS"
_HEAD_BYTES = 27
_FLAGS_AT = 5
_SEGMENTS_AT = 26
_FIRST_OF_STREAM = 0x02  # section 6: header_type_flag


class Links:
    """Takes bytes as they come, gives whole pages by link. Holds less than a page, which has at most 65,307
    bytes, and what was fed last."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._begun = False  # the link has a page that is not the first of a stream

    def feed(self, data: bytes) -> list[bytes | None]:
        """Take more; the pages that are whole by now, with None where one link ends and another begins.

        Bytes that are no page are left out.
        """
        self._held += data
        given: list[bytes | None] = []
        while page := self._page():
            first = bool(page[_FLAGS_AT] & _FIRST_OF_STREAM)
            if first and self._begun:
                given.append(None)
            self._begun = not first
            given.append(page)
        return given

    def _page(self) -> bytes:
        start = self._held.find(_CAPTURE)
        if start < 0:
            del self._held[: max(0, len(self._held) - len(_CAPTURE) + 1)]
            return b""
        del self._held[:start]
        if len(self._held) < _HEAD_BYTES:
            return b""
        body = _HEAD_BYTES + self._held[_SEGMENTS_AT]
        size = body + sum(self._held[_HEAD_BYTES:body])
        if len(self._held) < body or len(self._held) < size:
            return b""
        page = bytes(self._held[:size])
        del self._held[:size]
        return page
