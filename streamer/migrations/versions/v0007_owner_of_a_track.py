"""The account that uploaded a track."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("tracks", sa.Column("owner_id", sa.Text))
    op.add_column("tracks", sa.Column("owner_name", sa.Text))
    op.create_index("ix_tracks_owner_id", "tracks", ["owner_id"])


def downgrade() -> None:
    op.drop_index("ix_tracks_owner_id", "tracks")
    op.drop_column("tracks", "owner_name")
    op.drop_column("tracks", "owner_id")
