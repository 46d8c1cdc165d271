"""What the decoder of a source tells the server."""

import msgspec

from hls.live_source import AnySourceReport, SourceEnded, SourceMarked, SourceOpened, SourceTitled
from hls.report import Broken, Refused


def test_every_report_survives_the_way():
    for report in (
        SourceOpened("ogg", "opus", 48_000, 2, 96_000),
        SourceTitled("An artist", None),
        SourceMarked(7),
        SourceEnded(),
        Refused("no sound"),
        Broken("no memory"),
    ):
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(report), type=AnySourceReport) == report
