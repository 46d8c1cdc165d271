"""Comments at moments of a track."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "comments",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("track_id", sa.Text, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("author_id", sa.Text),
        sa.Column("author_name", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_comments"),
        sa.ForeignKeyConstraint(
            ["track_id"], ["tracks.id"], name="fk_comments_track_id_tracks", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_comments_track_id_at_ms_id", "comments", ["track_id", "at_ms", "id"])


def downgrade() -> None:
    op.drop_table("comments")
