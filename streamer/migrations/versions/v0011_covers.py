"""Covers of a track: of its recording's picture, and of one that somebody chose."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("tracks", sa.Column("file_cover", sa.Text))
    op.add_column("tracks", sa.Column("user_cover", sa.Text))


def downgrade() -> None:
    op.drop_column("tracks", "user_cover")
    op.drop_column("tracks", "file_cover")
