"""The database schema: one place for every table.

Types are the ones SQLite and PostgreSQL share. Times are integer milliseconds since the Unix epoch, UTC.
A new database is made from this, an old one by the migrations: what changes here is also one of those.
"""

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    event,
)
from sqlalchemy.types import UserDefinedType

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Tsvector(UserDefinedType[str]):
    """PostgreSQL's tsvector. SQLAlchemy has one, which brings all it has for PostgreSQL along to SQLite."""

    cache_ok = True

    def get_col_spec(self, **_options: object) -> str:
        return "TSVECTOR"


def attach(table: Table, dialect: str, *statements: str) -> None:
    """Have a new database run statements once it has made a table: what one of the two needs beside it.

    Args:
        dialect: "sqlite" or "postgresql".
        statements: one of SQL each, as they are.
    """
    for statement in statements:
        # SQLAlchemy gives DDL no types.
        ddl = DDL(statement.replace("%", "%%"))  # type: ignore[no-untyped-call]
        event.listen(table, "after_create", ddl.execute_if(dialect=dialect))


tracks = Table(
    "tracks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("state", Text, nullable=False),  # receiving | packaging | live | ready | failed
    Column("reason", Text),  # why it failed, in words
    Column("filename", Text, nullable=False),  # as the uploader named it; never part of a path
    Column("ref", Text),  # the uploader's own mark, to find the track while the upload runs
    Column("title", Text),
    Column("artist", Text),
    Column("album", Text),
    Column("album_artist", Text),
    Column("track_number", Integer),
    Column("disc_number", Integer),
    Column("year", Integer),
    Column("genre", Text),
    Column("edits", Text),  # JSON object: tags as people changed them; the columns are the file's own
    Column("duration_ms", BigInteger),
    Column("size_bytes", BigInteger, nullable=False),  # of the source, as received
    Column("media_type", Text, nullable=False),  # of the source
    Column("cover_type", Text),  # media type of the recording's own picture, NULL without one
    Column("file_cover", Text),  # hash of the covers made of it; NULL until then, empty if that is impossible
    Column("user_cover", Text),  # hash of those that somebody chose, NULL without
    Column("playable", Boolean, nullable=False),  # at least one segment is out
    Column("media_id", Text, nullable=False),  # the folder of its bytes; its own id, or an older track's
    Column("sha256", Text),  # of the source, in hex; NULL until it is received
    Column("duplicate_of", Text),  # the oldest other track with these bytes when they came
    Column("integrated_lufs", Float),  # EBU R128; NULL until it is measured, and for silence
    Column("range_lu", Float),
    Column("true_peak_dbtp", Float),
    Column("owner_id", Text),  # the account that uploaded it; NULL without one
    Column("owner_name", Text),
    Column("room", Text),  # whose show it records; NULL for what was uploaded
    Column("loudness_histogram", LargeBinary),  # hls.loudness.Histogram, for the loudness of its album
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index(None, "created_at"),
    Index(None, "owner_id"),
    Index(None, "ref"),
    Index(None, "media_id"),
    Index(None, "sha256"),
)

renditions = Table(
    "renditions",
    metadata,
    Column("track_id", Text, ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("codecs", Text, nullable=False),  # RFC 6381
    Column("timescale", Integer, nullable=False),  # ticks per second
    Column("channels", Integer, nullable=False),
    Column("init_size_bytes", Integer, nullable=False),
    Column("segments", LargeBinary, nullable=False),  # msgpack list of hls.model.Segment
    Column("bitrate", BigInteger, nullable=False),  # average, bits per second
)

# Whatever can be searched for. SQLite finds in `search_index`, an FTS5 table that triggers keep in step with
# this one, and PostgreSQL by a GIN index on `terms`.
search_words = Table(
    "search_words",
    metadata,
    Column("serial", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),  # newest last
    Column("track_id", Text, ForeignKey("tracks.id", ondelete="CASCADE"), unique=True),
    Column("terms", Text().with_variant(Tsvector, "postgresql"), nullable=False),  # streamer.words
    Column("album_id", Text),  # streamer.discography, the only one to delete albums, deletes this too
    Column("playlist_id", Text),  # streamer.playlist_rows likewise
    Index("uq_search_words_album_id", "album_id", unique=True),
    Index("uq_search_words_playlist_id", "playlist_id", unique=True),
)
attach(search_words, "postgresql", "CREATE INDEX ix_search_words_terms ON search_words USING gin (terms)")
# FTS5 keeps words only, and not where they are: no phrases. Lengths of prefixes count the mark of each word.
attach(
    search_words,
    "sqlite",
    "CREATE VIRTUAL TABLE search_index USING fts5(terms, content='search_words', content_rowid='serial', "
    "tokenize='ascii', detail='none', columnsize=0, prefix='2 3 4')",
    "CREATE TRIGGER search_words_inserted AFTER INSERT ON search_words BEGIN "
    "INSERT INTO search_index(rowid, terms) VALUES (new.serial, new.terms); END",
    "CREATE TRIGGER search_words_deleted AFTER DELETE ON search_words BEGIN "
    "INSERT INTO search_index(search_index, rowid, terms) VALUES ('delete', old.serial, old.terms); END",
    "CREATE TRIGGER search_words_updated AFTER UPDATE OF terms ON search_words BEGIN "
    "INSERT INTO search_index(search_index, rowid, terms) VALUES ('delete', old.serial, old.terms); "
    "INSERT INTO search_index(rowid, terms) VALUES (new.serial, new.terms); END",
)

playlists = Table(
    "playlists",
    metadata,
    Column("id", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("description", Text),
    Column("revision", BigInteger, nullable=False),  # one more with each change
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)

playlist_items = Table(
    "playlist_items",
    metadata,
    Column("id", Text, primary_key=True),
    Column("playlist_id", Text, ForeignKey("playlists.id", ondelete="CASCADE"), nullable=False),
    Column("track_id", Text, ForeignKey("tracks.id", ondelete="CASCADE"), nullable=False),
    Column("position", BigInteger, nullable=False),  # what comes before what; not a place
    Index(None, "playlist_id", "position", "id"),
    Index(None, "track_id"),
)

# Both are made from the rows of tracks, by streamer.discography; nobody else writes them.
album_tracks = Table(
    "album_tracks",
    metadata,
    Column("track_id", Text, ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True),
    Column("album_id", Text, nullable=False),
    Column("place", Integer, nullable=False),  # by disc and number
    Column("title", Text, nullable=False),  # of the album, as this track has it
    Column("artist", Text),
    Column("year", Integer),
    Column("duration_ms", BigInteger, nullable=False),
    Column("has_cover", Boolean, nullable=False),
    Column("measured", Boolean, nullable=False),  # its part in the album's loudness is known
    Index(None, "album_id", "place", "track_id"),
)

albums = Table(
    "albums",
    metadata,
    Column("id", Text, primary_key=True),
    Column("sort", Text().with_variant(Text(collation="C"), "postgresql"), nullable=False),  # streamer.album
    Column("title", Text, nullable=False),
    Column("artist", Text),
    Column("year", Integer),
    Column("track_count", Integer, nullable=False),
    Column("duration_ms", BigInteger, nullable=False),
    Column("cover_track_id", Text),
    Column("integrated_lufs", Float),
    Column("range_lu", Float),
    Column("true_peak_dbtp", Float),
    Index(None, "sort"),
)

uploads = Table(
    "uploads",
    metadata,
    Column("track_id", Text, ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True),
    Column("length_bytes", BigInteger),  # of the whole recording, NULL while its client has not said
    Column("client_metadata", Text),  # Upload-Metadata as it was sent, NULL without
    Column("expires_at", BigInteger, nullable=False),
)

comments = Table(
    "comments",
    metadata,
    Column("id", Text, primary_key=True),
    Column("track_id", Text, ForeignKey("tracks.id", ondelete="CASCADE"), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Column("author_id", Text),  # NULL: who had no token
    Column("author_name", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Index(None, "track_id", "at_ms", "id"),
)

# Noted in the transaction that lets go of them, and struck out when they are removed: a crash in between
# leaves no bytes behind, and what is in no table is never taken for a leftover.
leftovers = Table(
    "leftovers",
    metadata,
    Column("media_id", Text, primary_key=True),
)

# Media that have been on their way to the store; `streamer.store_ledger` says what may be where.
stored = Table(
    "stored",
    metadata,
    Column("media_id", Text, primary_key=True),
    Column("state", Text, nullable=False),  # copying | stored | removing
    Column("files", LargeBinary),  # msgpack, size in bytes by name; NULL until all are in the store
    Index(None, "state"),
)

rooms = Table(
    "rooms",
    metadata,
    Column("name", Text, primary_key=True),
    Column("epoch", Text, nullable=False),  # changes when the log starts anew
    Column("created_at", BigInteger, nullable=False),
)

# The log: every event of a room that has a number. Rows of messages say how these stand now; see
# `streamer.chronicle`.
messages = Table(
    "messages",
    metadata,
    Column("room", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("id", Text, nullable=False),  # of the message; the same in all events about it
    Column("nonce", Text, nullable=False),
    Column("author_id", Text, nullable=False),
    Column("author_name", Text, nullable=False),
    Column("body", Text, nullable=False),  # empty for what has none, and for what was deleted
    Column("at", BigInteger, nullable=False),
    Column("kind", Text, nullable=False, server_default="message"),  # `type` of the event
    Column("more", Text),  # JSON object: further members of the event; NULL without
    Column("edited_at", BigInteger),
    Column("deleted_at", BigInteger),
    Column("thread", Text),  # id of the first message of the thread that this one is a reply in
    Index(None, "room", "id"),
)
for _dialect in ("sqlite", "postgresql"):
    attach(
        messages,
        _dialect,
        "CREATE INDEX ix_messages_thread ON messages (room, thread, seq) WHERE thread IS NOT NULL",
    )

reactions = Table(
    "reactions",
    metadata,
    Column("room", Text, primary_key=True),
    Column("message_id", Text, primary_key=True),
    Column("emoji", Text, primary_key=True),
    Column("author_id", Text, primary_key=True),
    Column("author_name", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

pins = Table(
    "pins",
    metadata,
    Column("room", Text, primary_key=True),
    Column("message_id", Text, primary_key=True),
    Column("by_id", Text, nullable=False),
    Column("by_name", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)
