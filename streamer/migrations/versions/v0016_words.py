"""Threads, the words of messages, and the names under which people have spoken."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

from chat.mentions import name_key
from streamer.message_words import put

revision = "0016"
down_revision = "0015"

_FTS5 = (
    "CREATE VIRTUAL TABLE message_index USING fts5(terms, content='message_words', content_rowid='serial', "
    "tokenize='ascii', detail='none', columnsize=0)",
    "CREATE TRIGGER message_words_inserted AFTER INSERT ON message_words BEGIN "
    "INSERT INTO message_index(rowid, terms) VALUES (new.serial, new.terms); END",
    "CREATE TRIGGER message_words_deleted AFTER DELETE ON message_words BEGIN "
    "INSERT INTO message_index(message_index, rowid, terms) VALUES ('delete', old.serial, old.terms); END",
    "CREATE TRIGGER message_words_updated AFTER UPDATE OF terms ON message_words BEGIN "
    "INSERT INTO message_index(message_index, rowid, terms) VALUES ('delete', old.serial, old.terms); "
    "INSERT INTO message_index(rowid, terms) VALUES (new.serial, new.terms); END",
)
_ROWS = 1000


def upgrade() -> None:
    op.add_column("messages", sa.Column("thread", sa.Text))
    some = sa.text("thread IS NOT NULL")
    op.create_index(
        "ix_messages_thread", "messages", ["room", "thread", "seq"], sqlite_where=some, postgresql_where=some
    )
    op.create_table(
        "message_words",
        sa.Column("serial", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("room", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("terms", sa.Text().with_variant(TSVECTOR, "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("serial", name="pk_message_words"),
    )
    op.create_index("uq_message_words_room_seq", "message_words", ["room", "seq"], unique=True)
    if _on_sqlite():
        for statement in _FTS5:
            op.execute(sa.text(statement.replace(":", r"\:")))
    else:
        op.create_index("ix_message_words_terms", "message_words", ["terms"], postgresql_using="gin")
    op.create_table(
        "room_names",
        sa.Column("room", sa.Text, nullable=False),
        sa.Column("name_key", sa.Text, nullable=False),
        sa.Column("author_id", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("room", "name_key", "author_id", name="pk_room_names"),
    )
    _fill()


def _fill() -> None:
    """With the messages there are; before this step there were neither edits nor deletions."""
    names = ("room", "seq", "body", "author_id", "author_name")
    messages = sa.table("messages", *(sa.column(name) for name in (*names, "kind", "deleted_at")))
    place = sa.tuple_(messages.c.room, messages.c.seq)
    query = sa.select(*(messages.c[name] for name in names)).order_by(messages.c.room, messages.c.seq)
    query = query.where(messages.c.kind == "message", messages.c.deleted_at.is_(None)).limit(_ROWS)
    note = sa.text(
        "INSERT INTO room_names (room, name_key, author_id, seq) VALUES (:room, :key, :id, :seq) "
        "ON CONFLICT (room, name_key, author_id) DO NOTHING"
    )
    bind = op.get_bind()
    last = ("", 0)
    while rows := bind.execute(query.where(place > sa.tuple_(*last))).all():
        put(bind, [(row.room, row.seq, row.body) for row in rows])
        known = [(row.room, name_key(row.author_name), row.author_id, row.seq) for row in rows]
        bind.execute(note, [{"room": room, "key": key, "id": id, "seq": seq} for room, key, id, seq in known])
        last = (rows[-1].room, rows[-1].seq)


def downgrade() -> None:
    op.drop_table("room_names")
    if _on_sqlite():
        op.execute("DROP TABLE message_index")
    op.drop_table("message_words")
    op.drop_index("ix_messages_thread", table_name="messages")
    op.drop_column("messages", "thread")


def _on_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
