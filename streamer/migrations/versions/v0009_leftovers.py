"""Folders that nobody needs any more and that may still be there."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "leftovers",
        sa.Column("media_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("media_id", name="pk_leftovers"),
    )


def downgrade() -> None:
    op.drop_table("leftovers")
