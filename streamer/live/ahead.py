"""What a node that follows a show may be asked for too early: the show's own node has listed it already."""

import re
from typing import Final

from hls.directives import Directives
from hls.window import Window

_SEGMENTS: Final = 10  # so far behind a node is when Redis was gone for half a minute
_PIECE: Final = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,9}))?\.m4s")


def may_ask(window: Window, asked: Directives) -> bool:
    """Whether a playlist with what is asked for may be here soon."""
    return asked.msn is not None and asked.msn <= window.next_place[0] + _SEGMENTS


def may_come(window: Window, init: int, name: str) -> bool:
    """Whether a piece may be.

    Args:
        init: number of the newest init segment.
        name: as it stands in playlists: `{segment}.m4s`, `{segment}.{part}.m4s` or `init{number}.mp4`.
    """
    if window.ended:
        return False
    if name == f"init{init + 1}.mp4":
        return True
    said = _PIECE.fullmatch(name)
    if said is None:
        return False
    number, part = window.next_place
    asked, asked_part = int(said[1]), int(said[2] or 0)
    if not number <= asked <= number + _SEGMENTS or asked_part >= window.grid.parts_per_segment:
        return False
    return said[2] is None or (asked, asked_part) >= (number, part)
