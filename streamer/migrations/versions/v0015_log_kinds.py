"""Events of rooms besides messages, and how a message stands."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("messages", sa.Column("kind", sa.Text, nullable=False, server_default="message"))
    op.add_column("messages", sa.Column("more", sa.Text))
    op.add_column("messages", sa.Column("edited_at", sa.BigInteger))
    op.add_column("messages", sa.Column("deleted_at", sa.BigInteger))
    op.create_index("ix_messages_room_id", "messages", ["room", "id"])
    op.create_table(
        "reactions",
        sa.Column("room", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("emoji", sa.Text, nullable=False),
        sa.Column("author_id", sa.Text, nullable=False),
        sa.Column("author_name", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("room", "message_id", "emoji", "author_id", name="pk_reactions"),
    )
    op.create_table(
        "pins",
        sa.Column("room", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("by_id", sa.Text, nullable=False),
        sa.Column("by_name", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("room", "message_id", name="pk_pins"),
    )


def downgrade() -> None:
    op.drop_table("pins")
    op.drop_table("reactions")
    op.execute("DELETE FROM messages WHERE kind != 'message'")
    op.drop_index("ix_messages_room_id", table_name="messages")
    for column in ("deleted_at", "edited_at", "more", "kind"):
        op.drop_column("messages", column)
