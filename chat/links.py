"""Links to a moment of a track in a message: `/t/{id}?t=83`, `?t=1:23` or `?t=1h2m3s`, as the page has it."""

import re
from decimal import Decimal

from chat.fields import MAX_TRACK_CHARS, TrackAt

_LINK = re.compile(
    rf"(?:^|(?<=[\s(<\"'])|https?://[^\s/?#]+)/t/(?P<id>[A-Za-z0-9_-]{{1,{MAX_TRACK_CHARS}}})"
    r"(?:\?t=(?P<time>[0-9hmsHMS:.]{1,32}))?(?![\w/-])",
    re.M,
)
_TIMES = (
    re.compile(r"(?:(?P<minutes>\d{1,9}):)?(?P<seconds>\d{1,9}(?:\.\d{1,9})?)"),
    re.compile(r"(?P<hours>\d{1,9}):(?P<minutes>\d{1,2}):(?P<seconds>\d{1,2}(?:\.\d{1,9})?)"),
    re.compile(
        r"(?=\d)(?:(?P<hours>\d{1,9})h)?(?:(?P<minutes>\d{1,9})m)?(?:(?P<seconds>\d{1,9}(?:\.\d{1,9})?)s)?",
        re.I,
    ),
)


def find_track(body: str) -> TrackAt | None:
    """The first link to a track in a text; None without one. Whether there is such a track is not known."""
    link = _LINK.search(body)
    if link is None:
        return None
    return TrackAt(link["id"], None if link["time"] is None else read_time_ms(link["time"]))


def read_time_ms(text: str) -> int | None:
    """What `t` of a link says, in milliseconds; None for what is no time."""
    for form in _TIMES:
        match = form.fullmatch(text.rstrip("."))
        if match is not None:
            parts = {"hours": "0", "minutes": "0", "seconds": "0"} | {
                name: value for name, value in match.groupdict().items() if value is not None
            }
            seconds = int(parts["hours"]) * 3600 + int(parts["minutes"]) * 60 + Decimal(parts["seconds"])
            return int(seconds * 1000)
    return None
