"""What is known of the messages in rooms beside the log itself, in the metadata of `streamer.tables`."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from streamer.tables import Tsvector, attach, metadata

# Messages as they stand now, by their words (`streamer.message_words`), much like `search_words`.
message_words = Table(
    "message_words",
    metadata,
    Column("serial", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("room", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("terms", Text().with_variant(Tsvector, "postgresql"), nullable=False),
    Index("uq_message_words_room_seq", "room", "seq", unique=True),
)
attach(message_words, "postgresql", "CREATE INDEX ix_message_words_terms ON message_words USING gin (terms)")
attach(
    message_words,
    "sqlite",
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

# Under which names somebody has spoken in a room, for mentions of those who are not there now.
room_names = Table(
    "room_names",
    metadata,
    Column("room", Text, primary_key=True),
    Column("name_key", Text, primary_key=True),  # chat.mentions.name_key
    Column("author_id", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),  # when they first did
)
