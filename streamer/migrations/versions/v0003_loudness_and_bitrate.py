"""How loud a track is, and how many bits a second each of its renditions takes on average."""

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_LOUDNESS = ("integrated_lufs", "range_lu", "true_peak_dbtp")


def upgrade() -> None:
    for name in _LOUDNESS:
        op.add_column("tracks", sa.Column(name, sa.Float))
    op.add_column("renditions", sa.Column("bitrate", sa.BigInteger, nullable=False, server_default="0"))
    renditions = sa.table(
        "renditions",
        *(sa.column(name) for name in ("track_id", "name", "timescale", "segments", "bitrate")),
    )
    bind = op.get_bind()
    keys = [
        (row.track_id, row.name) for row in bind.execute(sa.select(renditions.c.track_id, renditions.c.name))
    ]
    for track_id, name in keys:  # one at a time: the list of segments of a day is large
        one = sa.and_(renditions.c.track_id == track_id, renditions.c.name == name)
        row = bind.execute(sa.select(renditions).where(one)).one()
        segments = msgspec.msgpack.decode(row.segments)  # offset, size and duration of each
        size_bytes = sum(segment[1] for segment in segments)
        ticks = max(sum(segment[2] for segment in segments), 1)
        bitrate = -(-size_bytes * 8 * row.timescale // ticks)
        bind.execute(sa.update(renditions).where(one).values(bitrate=bitrate))


def downgrade() -> None:
    op.drop_column("renditions", "bitrate")
    for name in reversed(_LOUDNESS):
        op.drop_column("tracks", name)
