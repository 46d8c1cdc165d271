"""Lines of the chat that were carried out."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "lines_done",
        sa.Column("room", sa.Text, nullable=False),
        sa.Column("author_id", sa.Text, nullable=False),
        sa.Column("nonce", sa.Text, nullable=False),
        sa.Column("attempt", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("room", "author_id", "nonce", name="pk_lines_done"),
    )
    op.create_index("ix_lines_done_at", "lines_done", ["at"])


def downgrade() -> None:
    op.drop_table("lines_done")
