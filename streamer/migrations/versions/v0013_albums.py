"""Albums, which follow from the tags of the tracks."""

from itertools import groupby
from operator import itemgetter
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

from streamer.cover import cover_link
from streamer.grouping import Membership, membership, sort_key
from streamer.tags import Tags
from streamer.words import terms

revision = "0013"
down_revision = "0012"

_COVER = ("user_cover", "file_cover", "cover_type")
_TAGS = Tags.__struct_fields__
_MEMBER = ("track_id", *Membership.__struct_fields__)
_ALBUM = ("id", "sort", "title", "artist", "year", "track_count", "duration_ms", "cover_track_id")


def upgrade() -> None:
    op.create_table(
        "album_tracks",
        sa.Column("track_id", sa.Text, nullable=False),
        sa.Column("album_id", sa.Text, nullable=False),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("artist", sa.Text),
        sa.Column("year", sa.Integer),
        sa.Column("duration_ms", sa.BigInteger, nullable=False),
        sa.Column("has_cover", sa.Boolean, nullable=False),
        sa.Column("measured", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("track_id", name="pk_album_tracks"),
        sa.ForeignKeyConstraint(
            ["track_id"], ["tracks.id"], name="fk_album_tracks_track_id_tracks", ondelete="CASCADE"
        ),
    )
    columns = ["album_id", "place", "track_id"]
    op.create_index("ix_album_tracks_album_id_place_track_id", "album_tracks", columns)
    op.create_table(
        "albums",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("sort", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("artist", sa.Text),
        sa.Column("year", sa.Integer),
        sa.Column("track_count", sa.Integer, nullable=False),
        sa.Column("duration_ms", sa.BigInteger, nullable=False),
        sa.Column("cover_track_id", sa.Text),
        sa.Column("integrated_lufs", sa.Float),
        sa.Column("range_lu", sa.Float),
        sa.Column("true_peak_dbtp", sa.Float),
        sa.PrimaryKeyConstraint("id", name="pk_albums"),
    )
    op.create_index("ix_albums_sort", "albums", ["sort"])
    op.add_column("search_words", sa.Column("album_id", sa.Text))
    op.create_index("uq_search_words_album_id", "search_words", ["album_id"], unique=True)
    _fill()


def _fill() -> None:
    bind = op.get_bind()
    names = ("id", "playable", "edits", "duration_ms", *_COVER, *_TAGS)
    tracks = sa.table("tracks", *(sa.column(name) for name in names))
    members = []
    for row in bind.execute(sa.select(tracks).where(tracks.c.playable)).mappings():
        tags = {**row} | (msgspec.json.decode(row["edits"]) if row["edits"] else {})
        one = membership(
            Tags(**{name: tags[name] for name in _TAGS}),
            duration_ms=row["duration_ms"] or 0,
            has_cover=cover_link(row["id"], **{name: row[name] for name in _COVER}) is not None,
            measured=False,
        )
        if one is not None:
            members.append({"track_id": row["id"], **msgspec.structs.asdict(one)})
    if not members:
        return
    bind.execute(sa.insert(sa.table("album_tracks", *(sa.column(name) for name in _MEMBER))), members)
    members.sort(key=itemgetter("album_id", "place", "track_id"))
    found = [_album(album_id, list(group)) for album_id, group in groupby(members, itemgetter("album_id"))]
    bind.execute(sa.insert(sa.table("albums", *(sa.column(name) for name in _ALBUM))), found)
    value = ":terms" if bind.dialect.name == "sqlite" else "array_to_tsvector(string_to_array(:terms, ' '))"
    words = [{"id": one["id"], "terms": terms(1, ([one["title"]], [one["artist"]]))} for one in found]
    bind.execute(sa.text(f"INSERT INTO search_words (album_id, terms) VALUES (:id, {value})"), words)


def _album(album_id: str, members: list[dict[str, Any]]) -> dict[str, Any]:
    title, artist = members[0]["title"], members[0]["artist"]
    year = min((one["year"] for one in members if one["year"] is not None), default=None)
    return {
        "id": album_id,
        "sort": sort_key(album_id, title, artist, year),
        "title": title,
        "artist": artist,
        "year": year,
        "track_count": len(members),
        "duration_ms": sum(one["duration_ms"] for one in members),
        "cover_track_id": next((one["track_id"] for one in members if one["has_cover"]), None),
    }


def downgrade() -> None:
    op.execute("DELETE FROM search_words WHERE album_id IS NOT NULL")
    op.drop_index("uq_search_words_album_id", table_name="search_words")
    op.drop_column("search_words", "album_id")
    op.drop_table("albums")
    op.drop_table("album_tracks")
