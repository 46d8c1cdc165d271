"""Which folder a track's bytes lie in, and what they are: several tracks may share them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_INDEXED = ("media_id", "sha256")


def upgrade() -> None:
    op.add_column("tracks", sa.Column("media_id", sa.Text, nullable=False, server_default=""))
    op.add_column("tracks", sa.Column("sha256", sa.Text))
    op.add_column("tracks", sa.Column("duplicate_of", sa.Text))
    tracks = sa.table("tracks", sa.column("id"), sa.column("media_id"))
    op.execute(sa.update(tracks).values(media_id=tracks.c.id))
    for name in _INDEXED:
        op.create_index(f"ix_tracks_{name}", "tracks", [name])


def downgrade() -> None:
    for name in reversed(_INDEXED):
        op.drop_index(f"ix_tracks_{name}", table_name="tracks")
    for name in ("duplicate_of", "sha256", "media_id"):
        op.drop_column("tracks", name)
