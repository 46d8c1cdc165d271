"""The tables of the order in rooms, beside those of `streamer.tables` and in the same metadata."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, Table, Text

from streamer.tables import attach, metadata

# One row for each room that was ever ruled, and "" for what holds in all of them.
room_orders = Table(
    "room_orders",
    metadata,
    Column("room", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False),  # one more with each change of what follows
    Column("entry", Text, nullable=False),  # open | password | invite | members
    Column("speakers", Text, nullable=False),  # everyone | accounts | speakers
    Column("slow_ms", BigInteger, nullable=False),
    Column("hold", Boolean, nullable=False),
    Column("guest_links", Boolean, nullable=False),
    Column("password_hash", Text),  # streamer.passwords
    Column("invites", Integer, nullable=False),  # how often all were revoked
    Column("created_at", BigInteger, nullable=False),
)

room_roles = Table(
    "room_roles",
    metadata,
    Column("room", Text, primary_key=True),
    Column("author_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),  # owner | moderator | speaker | listener
    Column("at", BigInteger, nullable=False),
    Index(None, "author_id"),
)

sanctions = Table(
    "sanctions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("room", Text, nullable=False),
    Column("measure", Text, nullable=False),  # ban | mute | shadow
    Column("author_id", Text),
    Column("name", Text),
    Column("network", Text),  # CIDR
    Column("until", BigInteger),  # NULL for good
    Column("reason", Text, nullable=False),
    Column("by_id", Text, nullable=False),
    Column("by_name", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index(None, "room"),
)

room_filters = Table(
    "room_filters",
    metadata,
    Column("room", Text, primary_key=True),
    Column("word", Text, primary_key=True),  # chat.filters.clean_filter
    Column("written", Text),  # what it was made of
    Column("at", BigInteger, nullable=False),
)

# Invites that have not expired; a token says the same. Those of an earlier generation are gone.
room_invites = Table(
    "room_invites",
    metadata,
    Column("id", Text, primary_key=True),
    Column("room", Text, nullable=False),
    Column("role", Text),  # speaker | listener; NULL for what whoever comes is
    Column("generation", Integer, nullable=False),  # room_orders.invites at that time
    Column("revoked", Boolean, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("by_id", Text, nullable=False),
    Column("by_name", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index(None, "room"),
)

# Who has spoken where: for whoever looks for them by name, and to know newcomers. The address of a guest is
# forgotten after `people_ttl_s`.
room_people = Table(
    "room_people",
    metadata,
    Column("room", Text, primary_key=True),
    Column("author_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("skeleton", Text, nullable=False),
    Column("account", Boolean, nullable=False),
    Column("network", Text),  # CIDR
    Column("at", BigInteger, nullable=False),
    Index(None, "room", "skeleton"),
    Index(None, "at"),
)

# Names that guests may not take: of every account that was ever here.
account_names = Table(
    "account_names",
    metadata,
    Column("author_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("skeleton", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index(None, "skeleton"),
)

held_messages = Table(
    "held_messages",
    metadata,
    Column("id", Text, primary_key=True),
    Column("room", Text, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("author_id", Text, nullable=False),
    Column("author_name", Text, nullable=False),
    Column("account", Boolean, nullable=False),
    Column("network", Text),
    Column("body", Text, nullable=False),
    Column("more", Text),  # JSON object, as of messages
    Column("at", BigInteger, nullable=False),
    Index(None, "room", "id"),
)

reports = Table(
    "reports",
    metadata,
    Column("id", Text, primary_key=True),
    Column("room", Text, nullable=False),
    Column("message_id", Text),  # NULL: of a person
    Column("author_id", Text),  # of whom
    Column("name", Text),
    Column("body", Text, nullable=False),  # as it was when it was reported
    Column("reason", Text, nullable=False),
    Column("by_id", Text, nullable=False),
    Column("by_name", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index(None, "room", "id"),
)

# Lines with a slash that were carried out, for those that are sent again: a few minutes.
lines_done = Table(
    "lines_done",
    metadata,
    Column("room", Text, primary_key=True),
    Column("author_id", Text, primary_key=True),
    Column("nonce", Text, primary_key=True),
    Column("attempt", Text, nullable=False),  # which of them did it
    Column("answer", Text, nullable=False),  # empty until it is known
    Column("at", BigInteger, nullable=False),
    Index(None, "at"),
)

# Written once, never changed, never deleted: no code does, and the database lets nobody.
audit = Table(
    "audit",
    metadata,
    Column("id", Text, primary_key=True),
    Column("room", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("subject_id", Text),
    Column("subject", Text, nullable=False),  # as people read it
    Column("detail", Text, nullable=False),
    Column("by_id", Text, nullable=False),
    Column("by_name", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index(None, "room", "id"),
)

AUDIT_GUARDS = {
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
for _dialect, _statements in AUDIT_GUARDS.items():
    attach(audit, _dialect, *_statements)
