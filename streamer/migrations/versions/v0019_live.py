"""Stream keys, shows, and the chapters of what was recorded."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.add_column("tracks", sa.Column("room", sa.Text))
    op.create_table(
        "stream_keys",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("room", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("person_name", sa.Text, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_stream_keys"),
    )
    op.create_index("ix_stream_keys_room_id", "stream_keys", ["room", "id"])
    op.create_index("uq_stream_keys_hash", "stream_keys", ["hash"], unique=True)
    op.create_table(
        "shows",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("room", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("node", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("person_name", sa.Text, nullable=False),
        sa.Column("began_at_us", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_shows"),
    )
    op.create_index("ix_shows_room_id", "shows", ["room", "id"])
    op.execute("CREATE UNIQUE INDEX uq_shows_live ON shows (room) WHERE state = 'live'")
    op.create_table(
        "chapters",
        sa.Column("track_id", sa.Text, nullable=False),
        sa.Column("start_ms", sa.BigInteger, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("track_id", "start_ms", name="pk_chapters"),
        sa.ForeignKeyConstraint(
            ["track_id"], ["tracks.id"], name="fk_chapters_track_id_tracks", ondelete="CASCADE"
        ),
    )


def downgrade() -> None:
    for table in ("chapters", "shows", "stream_keys"):
        op.drop_table(table)
    op.drop_column("tracks", "room")
