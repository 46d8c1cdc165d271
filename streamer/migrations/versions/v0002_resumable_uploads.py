"""Uploads that may be resumed."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "uploads",
        sa.Column("track_id", sa.Text, nullable=False),
        sa.Column("length_bytes", sa.BigInteger),
        sa.Column("client_metadata", sa.Text),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("track_id", name="pk_uploads"),
        sa.ForeignKeyConstraint(
            ["track_id"], ["tracks.id"], name="fk_uploads_track_id_tracks", ondelete="CASCADE"
        ),
    )


def downgrade() -> None:
    op.drop_table("uploads")
