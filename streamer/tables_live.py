"""Stream keys and shows, in the metadata of `streamer.tables`."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text

from streamer.tables import attach, metadata

stream_keys = Table(
    "stream_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("room", Text, nullable=False),
    Column("person", Text, nullable=False),  # whose it is
    Column("person_name", Text, nullable=False),
    Column("label", Text, nullable=False),  # what they call it
    Column("priority", Integer, nullable=False),
    Column("hash", Text, nullable=False),  # streamer.live.keys; the key itself is kept nowhere
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),  # NULL: never
    Index(None, "room", "id"),
    Index("uq_stream_keys_hash", "hash", unique=True),
)

# A show's id is also that of the track that its recording becomes.
shows = Table(
    "shows",
    metadata,
    Column("id", Text, primary_key=True),
    Column("room", Text, nullable=False),
    Column("state", Text, nullable=False),  # live | ended
    Column("node", Text, nullable=False),  # whose it is
    Column("title", Text, nullable=False),
    Column("person", Text, nullable=False),  # whose key began it
    Column("person_name", Text, nullable=False),
    Column("began_at_us", BigInteger, nullable=False),  # media time of the first sound
    Column("seen_at", BigInteger, nullable=False),  # when its node said last that it is on
    Column("ended_at", BigInteger),
    Index(None, "room", "id"),
)
# Of all nodes, one has a room's show.
for _dialect in ("sqlite", "postgresql"):
    attach(shows, _dialect, "CREATE UNIQUE INDEX uq_shows_live ON shows (room) WHERE state = 'live'")

chapters = Table(
    "chapters",
    metadata,
    Column("track_id", Text, ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True),
    Column("start_ms", BigInteger, primary_key=True),
    Column("title", Text, nullable=False),
)
