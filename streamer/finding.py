"""What `veza fsck` can find, and what it does about it."""

from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """What disk and database disagree on."""

    SOURCE_LOST = "source-lost"
    SOURCE_DAMAGED = "source-damaged"
    RENDITION_LOST = "rendition-lost"
    RENDITION_DAMAGED = "rendition-damaged"
    TABLE_LOST = "table-lost"
    PEAKS_LOST = "peaks-lost"
    COVER_LOST = "cover-lost"
    OBJECT_LOST = "object-lost"
    COVERS_LOST = "covers-lost"
    COVERS_UNKNOWN = "covers-unknown"
    MEDIA_ELSEWHERE = "media-elsewhere"
    FILES_BACK = "files-back"
    UPLOAD_ENDED = "upload-ended"
    HASH_UNKNOWN = "hash-unknown"
    ORIGINAL_GONE = "original-gone"
    FOLDER_UNKNOWN = "folder-unknown"
    FILE_UNKNOWN = "file-unknown"
    LEFTOVER = "leftover"
    ROW_DANGLING = "row-dangling"
    INDEX_STALE = "index-stale"
    DATABASE_DAMAGED = "database-damaged"


class Remedy(StrEnum):
    """What `--repair` does."""

    PACKAGE_AGAIN = "package-again"
    DROP_RENDITION = "drop-rendition"
    LET_SOURCE_GO = "let-source-go"
    GIVE_UP = "give-up"
    RELINK = "relink"
    REVIVE = "revive"
    FILL_IN = "fill-in"
    FORGET_ORIGINAL = "forget-original"
    FORGET_COVER = "forget-cover"
    SET_ASIDE = "set-aside"
    REMOVE = "remove"
    DELETE_ROW = "delete-row"
    INDEX_AGAIN = "index-again"
    NONE = "none"


#: The same in words.
IN_WORDS = {
    Remedy.PACKAGE_AGAIN: "package it again from its source, at the next start",
    Remedy.DROP_RENDITION: "take the rendition out of its playlist",
    Remedy.LET_SOURCE_GO: "let it play on without its source; what is left of that goes to lost+found",
    Remedy.GIVE_UP: "mark the track as failed",
    Remedy.RELINK: "use the files that are in its own folder",
    Remedy.REVIVE: "mark it as ready again",
    Remedy.FILL_IN: "note the hash",
    Remedy.FORGET_ORIGINAL: "forget what it was a duplicate of",
    Remedy.FORGET_COVER: "make it of the recording's picture again",
    Remedy.SET_ASIDE: "move to lost+found",
    Remedy.REMOVE: "remove",
    Remedy.DELETE_ROW: "delete the row",
    Remedy.INDEX_AGAIN: "index it again",
    Remedy.NONE: "nothing can be done: restore a backup",
}


class Finding(msgspec.Struct, kw_only=True):
    """One disagreement.

    Attributes:
        track: the id of the track that it concerns, if there is one.
        folder: in which folder of `tracks/`, if any; that of covers is `covers/` and its name.
        file: which file in it, if one.
        detail: in words.
        mended: it was found and mended by this run.
    """

    kind: Kind
    remedy: Remedy
    detail: str
    track: str | None = None
    folder: str | None = None
    file: str | None = None
    mended: bool = False

    @property
    def key(self) -> tuple[str, ...]:
        """What two looks at the same disagreement have in common."""
        return (self.kind, self.track or "", self.folder or "", self.file or "")
