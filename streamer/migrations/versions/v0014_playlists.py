"""Playlists."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "playlists",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_playlists"),
    )
    op.create_table(
        "playlist_items",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("playlist_id", sa.Text, nullable=False),
        sa.Column("track_id", sa.Text, nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_playlist_items"),
        sa.ForeignKeyConstraint(
            ["playlist_id"],
            ["playlists.id"],
            name="fk_playlist_items_playlist_id_playlists",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["track_id"], ["tracks.id"], name="fk_playlist_items_track_id_tracks", ondelete="CASCADE"
        ),
    )
    op.create_index(
        "ix_playlist_items_playlist_id_position_id", "playlist_items", ["playlist_id", "position", "id"]
    )
    op.create_index("ix_playlist_items_track_id", "playlist_items", ["track_id"])
    op.add_column("search_words", sa.Column("playlist_id", sa.Text))
    op.create_index("uq_search_words_playlist_id", "search_words", ["playlist_id"], unique=True)


def downgrade() -> None:
    op.execute("DELETE FROM search_words WHERE playlist_id IS NOT NULL")
    op.drop_index("uq_search_words_playlist_id", table_name="search_words")
    op.drop_column("search_words", "playlist_id")
    op.drop_table("playlist_items")
    op.drop_table("playlists")
