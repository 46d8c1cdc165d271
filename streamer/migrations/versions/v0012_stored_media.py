"""Which media lie in the store, are on their way to it, or are to be removed from it."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "stored",
        sa.Column("media_id", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("files", sa.LargeBinary),
        sa.PrimaryKeyConstraint("media_id", name="pk_stored"),
    )
    op.create_index("ix_stored_state", "stored", ["state"])


def downgrade() -> None:
    op.drop_table("stored")
