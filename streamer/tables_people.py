"""What is known of people, in the metadata of `streamer.tables`."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Table, Text

from streamer.tables import metadata

# Who was ever here, by the id in tokens.
persons = Table(
    "persons",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),  # the last
    Column("guest", Boolean, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Index(None, "guest", "seen_at"),
)

read_markers = Table(
    "read_markers",
    metadata,
    Column("person", Text, primary_key=True),
    Column("room", Text, primary_key=True),
    Column("epoch", Text, nullable=False),  # of the log that `seq` is of
    Column("seq", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
)

# Rooms of two; `first` is the smaller id. The name can't be guessed, and says nothing of who is in.
directs = Table(
    "directs",
    metadata,
    Column("room", Text, primary_key=True),
    Column("first", Text, nullable=False),
    Column("second", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Index("uq_directs_first_second", "first", "second", unique=True),
    Index(None, "second"),
)

blocks = Table(
    "blocks",
    metadata,
    Column("person", Text, primary_key=True),
    Column("blocked", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Index(None, "blocked"),
)
