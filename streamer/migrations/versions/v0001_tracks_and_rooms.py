"""The first schema: tracks with their renditions, rooms with their messages."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "tracks",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("filename", sa.Text, nullable=False),
        sa.Column("ref", sa.Text),
        sa.Column("title", sa.Text),
        sa.Column("artist", sa.Text),
        sa.Column("album", sa.Text),
        sa.Column("duration_ms", sa.BigInteger),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("cover_type", sa.Text),
        sa.Column("playable", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tracks"),
    )
    op.create_index("ix_tracks_created_at", "tracks", ["created_at"])
    op.create_index("ix_tracks_ref", "tracks", ["ref"])
    op.create_table(
        "renditions",
        sa.Column("track_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("codecs", sa.Text, nullable=False),
        sa.Column("timescale", sa.Integer, nullable=False),
        sa.Column("channels", sa.Integer, nullable=False),
        sa.Column("init_size_bytes", sa.Integer, nullable=False),
        sa.Column("segments", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("track_id", "name", name="pk_renditions"),
        sa.ForeignKeyConstraint(
            ["track_id"], ["tracks.id"], name="fk_renditions_track_id_tracks", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "rooms",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("epoch", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_rooms"),
    )
    op.create_table(
        "messages",
        sa.Column("room", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("nonce", sa.Text, nullable=False),
        sa.Column("author_id", sa.Text, nullable=False),
        sa.Column("author_name", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("room", "seq", name="pk_messages"),
    )


def downgrade() -> None:
    for table in ("messages", "rooms", "renditions", "tracks"):
        op.drop_table(table)
