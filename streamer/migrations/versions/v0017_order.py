"""The order in rooms: roles, policies, measures, filters, held messages, reports, the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

_GUARDS = {
    "sqlite": (
        "CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit BEGIN "
        "SELECT RAISE(ABORT, 'the audit log is only appended to'); END",
        "CREATE TRIGGER audit_undeleted BEFORE DELETE ON audit BEGIN "
        "SELECT RAISE(ABORT, 'the audit log is only appended to'); END",
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION audit_guard() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN RAISE EXCEPTION ''the audit log is only appended to''; END'",
        "CREATE TRIGGER audit_unchanged BEFORE UPDATE OR DELETE ON audit "
        "FOR EACH ROW EXECUTE FUNCTION audit_guard()",
        "CREATE TRIGGER audit_untruncated BEFORE TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_guard()",
    ),
}


def upgrade() -> None:
    op.create_table(
        "room_orders",
        sa.Column("room", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("entry", sa.Text, nullable=False),
        sa.Column("speakers", sa.Text, nullable=False),
        sa.Column("slow_ms", sa.BigInteger, nullable=False),
        sa.Column("hold", sa.Boolean, nullable=False),
        sa.Column("guest_links", sa.Boolean, nullable=False),
        sa.Column("password_hash", sa.Text),
        sa.Column("invites", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("room", name="pk_room_orders"),
    )
    op.create_table(
        "room_roles",
        sa.Column("room", sa.Text, nullable=False),
        sa.Column("author_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("room", "author_id", name="pk_room_roles"),
    )
    op.create_index("ix_room_roles_author_id", "room_roles", ["author_id"])
    op.create_table(
        "sanctions",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("room", sa.Text, nullable=False),
        sa.Column("measure", sa.Text, nullable=False),
        sa.Column("author_id", sa.Text),
        sa.Column("name", sa.Text),
        sa.Column("network", sa.Text),
        sa.Column("until", sa.BigInteger),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("by_id", sa.Text, nullable=False),
        sa.Column("by_name", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sanctions"),
    )
    op.create_index("ix_sanctions_room", "sanctions", ["room"])
    op.create_table(
        "room_filters",
        sa.Column("room", sa.Text, nullable=False),
        sa.Column("word", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("room", "word", name="pk_room_filters"),
    )
    op.create_table(
        "room_people",
        sa.Column("room", sa.Text, nullable=False),
        sa.Column("author_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("skeleton", sa.Text, nullable=False),
        sa.Column("account", sa.Boolean, nullable=False),
        sa.Column("network", sa.Text),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("room", "author_id", name="pk_room_people"),
    )
    op.create_index("ix_room_people_at", "room_people", ["at"])
    op.create_index("ix_room_people_room_skeleton", "room_people", ["room", "skeleton"])
    op.create_table(
        "account_names",
        sa.Column("author_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("skeleton", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("author_id", name="pk_account_names"),
    )
    op.create_index("ix_account_names_skeleton", "account_names", ["skeleton"])
    op.create_table(
        "held_messages",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("room", sa.Text, nullable=False),
        sa.Column("nonce", sa.Text, nullable=False),
        sa.Column("author_id", sa.Text, nullable=False),
        sa.Column("author_name", sa.Text, nullable=False),
        sa.Column("account", sa.Boolean, nullable=False),
        sa.Column("network", sa.Text),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("more", sa.Text),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_held_messages"),
    )
    op.create_index("ix_held_messages_room_id", "held_messages", ["room", "id"])
    op.create_table(
        "reports",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("room", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text),
        sa.Column("author_id", sa.Text),
        sa.Column("name", sa.Text),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("by_id", sa.Text, nullable=False),
        sa.Column("by_name", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reports"),
    )
    op.create_index("ix_reports_room_id", "reports", ["room", "id"])
    op.create_table(
        "audit",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("room", sa.Text, nullable=False),
        sa.Column("act", sa.Text, nullable=False),
        sa.Column("subject_id", sa.Text),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("by_id", sa.Text, nullable=False),
        sa.Column("by_name", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_room_id", "audit", ["room", "id"])
    for statement in _GUARDS[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("audit")
    op.drop_table("reports")
    op.drop_table("held_messages")
    op.drop_table("account_names")
    op.drop_table("room_people")
    op.drop_table("room_filters")
    op.drop_table("sanctions")
    op.drop_table("room_roles")
    op.drop_table("room_orders")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_guard()")
