"""Invites that can be listed and revoked one by one; filters as somebody wrote them."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.create_table(
        "room_invites",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("room", sa.Text, nullable=False),
        sa.Column("role", sa.Text),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("revoked", sa.Boolean, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("by_id", sa.Text, nullable=False),
        sa.Column("by_name", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_room_invites"),
    )
    op.create_index("ix_room_invites_room", "room_invites", ["room"])
    op.add_column("room_filters", sa.Column("written", sa.Text))


def downgrade() -> None:
    op.drop_column("room_filters", "written")
    op.drop_table("room_invites")
