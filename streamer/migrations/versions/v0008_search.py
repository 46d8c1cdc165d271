"""The index of the search."""

import msgspec
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

from streamer.words import terms

revision = "0008"
down_revision = "0007"

# FTS5 keeps words only, and not where they are: no phrases. Lengths of prefixes count the mark of each word.
_FTS5 = (
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
_TAGS = ("title", "artist", "album", "album_artist", "genre", "filename")


def upgrade() -> None:
    op.create_table(
        "search_words",
        sa.Column("serial", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("track_id", sa.Text),
        sa.Column("terms", sa.Text().with_variant(TSVECTOR, "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("serial", name="pk_search_words"),
        sa.UniqueConstraint("track_id", name="uq_search_words_track_id"),
        sa.ForeignKeyConstraint(
            ["track_id"], ["tracks.id"], name="fk_search_words_track_id_tracks", ondelete="CASCADE"
        ),
    )
    if _on_sqlite():
        for statement in _FTS5:
            op.execute(sa.text(statement.replace(":", r"\:")))
    else:
        op.create_index("ix_search_words_terms", "search_words", ["terms"], postgresql_using="gin")
    _fill()


def _fill() -> None:
    """With the tracks there are; edits are younger than this step in every database but a developer's."""
    tracks = sa.table("tracks", *(sa.column(name) for name in ("id", "playable", "edits", *_TAGS)))
    value = ":terms" if _on_sqlite() else "array_to_tsvector(string_to_array(:terms, ' '))"
    insert = sa.text(f"INSERT INTO search_words (track_id, terms) VALUES (:track_id, {value})")
    bind = op.get_bind()
    last = ""
    while rows := bind.execute(_some_after(tracks, last)).mappings().all():
        bind.execute(insert, [{"track_id": row["id"], "terms": _terms(row)} for row in rows])
        last = rows[-1]["id"]


def _some_after(tracks: sa.TableClause, last: str) -> sa.Select[tuple[object, ...]]:
    query = sa.select(tracks).where(tracks.c.playable, tracks.c.id > last)
    return query.order_by(tracks.c.id).limit(1000)


def _terms(row: sa.RowMapping) -> str:
    tags = {**row} | (msgspec.json.decode(row["edits"]) if row["edits"] else {})
    title, artist, album, album_artist, genre, filename = (tags[name] for name in _TAGS)
    return terms(0, ([title], [artist, album_artist], [album], [genre, filename]))


def downgrade() -> None:
    if _on_sqlite():
        op.execute("DROP TABLE search_index")
    op.drop_table("search_words")


def _on_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"
