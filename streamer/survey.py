"""Judges what the database says against what the disk has. Pure: `fsck` brings the facts."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from streamer.finding import Finding, Kind, Remedy
from streamer.ids import is_id
from streamer.track import State

Files = Mapping[str, Mapping[str, int]]
"""Lengths by file name, by folder."""

#: Written by work that was interrupted; never the only copy of anything.
_UNFINISHED_NAMES = frozenset({"chunk", "cover.new", ".peaks.part", "peaks.raw"})


class Row(msgspec.Struct, frozen=True):
    """A track as the database has it.

    Attributes:
        size_bytes: of the source; 0 where it is known to be lost.
        renditions: bytes that the table of segments asks for, by name; None where it can't be read.
        resumable: its upload may go on.
    """

    id: str
    state: State
    media_id: str
    size_bytes: int
    has_cover: bool = False
    renditions: Mapping[str, int | None] = {}
    resumable: bool = False
    duplicate_of: str | None = None
    sha256: str | None = None


class Facts(msgspec.Struct, frozen=True):
    """What was seen.

    Attributes:
        faults: what is wrong inside a file that has the right length, by folder and name.
        leftovers: folders that the database has noted to be removed.
        elsewhere: folders whose files are in a store, and were not looked at.
    """

    rows: Sequence[Row]
    files: Files
    faults: Mapping[tuple[str, str], str] = {}
    leftovers: frozenset[str] = frozenset()
    elsewhere: frozenset[str] = frozenset()


def judge(facts: Facts) -> list[Finding]:
    """Every disagreement, those of one folder together."""
    groups: dict[str, list[Row]] = {}
    for row in facts.rows:
        groups.setdefault(row.media_id, []).append(row)
    found: list[Finding] = []
    for media_id, rows in groups.items():
        if media_id not in facts.elsewhere:
            found += _Media(facts, media_id, rows).judge()
    known = {row.id for row in facts.rows}
    for row in facts.rows:
        if row.duplicate_of is not None and row.duplicate_of not in known:
            found.append(
                Finding(
                    kind=Kind.ORIGINAL_GONE,
                    remedy=Remedy.FORGET_ORIGINAL,
                    track=row.id,
                    detail=f"it says that it is a duplicate of {row.duplicate_of}, which does not exist",
                )
            )
    own = {finding.track for finding in found if finding.remedy is Remedy.RELINK}
    return found + list(_unused(facts, {*groups, *own}))


def _unused(facts: Facts, used: set[str | None]) -> Iterator[Finding]:
    for name, files in sorted(facts.files.items()):
        if name in used or not is_id(name):  # other names are somebody's, not ours
            continue
        size = sum(files.values())
        if name in facts.leftovers or not files:
            words = f"nobody needs it any more ({size} bytes)"
            yield Finding(kind=Kind.LEFTOVER, remedy=Remedy.REMOVE, folder=name, detail=words)
        else:
            words = f"no track has its bytes here ({len(files)} files, {size} bytes)"
            yield Finding(kind=Kind.FOLDER_UNKNOWN, remedy=Remedy.SET_ASIDE, folder=name, detail=words)


class _Media:
    """One folder, and the tracks that have their bytes in it."""

    def __init__(self, facts: Facts, media_id: str, rows: list[Row]) -> None:
        self._facts = facts
        self._id = media_id
        self._rows = rows
        self._files = facts.files.get(media_id, {})
        ended = [row for row in rows if row.state in (State.READY, State.FAILED)]
        self._packaged = [row for row in ended if row.state is State.READY or row.renditions]

    def judge(self) -> Iterator[Finding]:
        for row in self._rows:
            if row.state in (State.RECEIVING, State.PACKAGING):
                yield from self._unfinished(row)
        if self._packaged:
            yield from self._ready_once()
        yield from self._unknown_files()

    def _finding(self, kind: Kind, remedy: Remedy, detail: str, **where: str) -> Finding:
        track, file = where.get("track", self._rows[0].id), where.get("file") or None
        return Finding(kind=kind, remedy=remedy, detail=detail, track=track, folder=self._id, file=file)

    def _unfinished(self, row: Row) -> Iterator[Finding]:
        size = self._files.get("source", 0)
        if row.state is State.PACKAGING and size != row.size_bytes:
            words = f"it was to be packaged, but its source has {size} bytes instead of {row.size_bytes}"
            yield self._finding(Kind.SOURCE_LOST, Remedy.GIVE_UP, words, track=row.id, file="source")
        if row.state is State.RECEIVING and not row.resumable:
            words = f"its upload ended after {size} bytes, and can't go on"
            yield self._finding(Kind.UPLOAD_ENDED, Remedy.GIVE_UP, words, track=row.id)

    def _ready_once(self) -> Iterator[Finding]:
        source, renditions = self._source_fault(), self._rendition_faults()
        has_source = source is None and self._packaged[0].size_bytes > 0
        ready = [row for row in self._packaged if row.state is State.READY]
        if not ready:  # marked as failed for want of its files: have they come back?
            if has_source and renditions:
                detail = "its renditions are lost, its source is not"
                yield self._finding(Kind.RENDITION_LOST, Remedy.PACKAGE_AGAIN, detail)
            elif not renditions:
                for row in self._packaged:
                    yield self._finding(
                        Kind.FILES_BACK, Remedy.REVIVE, "all its files are there", track=row.id
                    )
            return
        if (source is not None or renditions) and (elsewhere := self._found_elsewhere(ready)):
            yield from elsewhere
            return
        if source is not None:
            kind = Kind.SOURCE_DAMAGED if self._id_has("source") else Kind.SOURCE_LOST
            remedy = Remedy.LET_SOURCE_GO if self._plays(renditions) else Remedy.GIVE_UP
            yield self._finding(kind, remedy, source, file="source")
        yield from self._of_renditions(renditions, intact_source=has_source)
        if source is None or self._plays(renditions):
            yield from self._of_small_files(intact_source=has_source)

    def _of_renditions(self, faults: dict[str, str], *, intact_source: bool) -> Iterator[Finding]:
        for name, fault in faults.items():
            remedy = Remedy.DROP_RENDITION if self._plays(faults) else Remedy.GIVE_UP
            if intact_source:
                remedy = Remedy.PACKAGE_AGAIN
            file = f"{name}.mp4"
            kind = Kind.RENDITION_DAMAGED if self._id_has(file) else Kind.RENDITION_LOST
            if self._packaged[0].renditions.get(name) is None:
                kind = Kind.TABLE_LOST
            yield self._finding(kind, remedy, fault, file=file if name else "")

    def _of_small_files(self, *, intact_source: bool) -> Iterator[Finding]:
        remedy = Remedy.PACKAGE_AGAIN if intact_source else Remedy.NONE
        fault = self._fault("peaks", "the waveform is missing")
        if fault is not None:
            yield self._finding(Kind.PEAKS_LOST, remedy, fault, file="peaks")
        if self._packaged[0].has_cover and not self._id_has("cover"):
            yield self._finding(Kind.COVER_LOST, remedy, "the picture is missing", file="cover")

    def _source_fault(self) -> str | None:
        asked = self._packaged[0].size_bytes
        if not asked:
            return None  # known to be lost; nobody asks for it
        size = self._files.get("source")
        if size is None:
            return "the recording itself is missing"
        if size != asked:
            return f"the recording has {size} bytes instead of {asked}"
        return self._facts.faults.get((self._id, "source"))

    def _rendition_faults(self) -> dict[str, str]:
        """By name; under an empty one that there is no rendition at all."""
        tables = self._packaged[0].renditions
        faults = {} if tables else {"": "it is ready, and the database has no rendition of it"}
        for name, asked in tables.items():
            file = f"{name}.mp4"
            size = self._files.get(file)
            if asked is None:
                faults[name] = "its table of segments can't be read"
            elif size is not None and size < asked:
                faults[name] = f"it has {size} bytes, its segments ask for {asked}"
            elif (fault := self._fault(file, "the rendition is missing")) is not None:
                faults[name] = fault
        return faults

    def _fault(self, file: str, missing: str) -> str | None:
        return self._facts.faults.get((self._id, file)) if self._id_has(file) else missing

    def _id_has(self, file: str) -> bool:
        return file in self._files

    def _plays(self, faults: Mapping[str, str]) -> bool:
        return any(name not in faults for name in self._packaged[0].renditions)

    def _found_elsewhere(self, ready: list[Row]) -> list[Finding]:
        """Tracks whose own folder has what the folder that the database names has not."""
        found = []
        for row in ready:
            own = self._facts.files.get(row.id, {}) if row.id != self._id else {}
            sizes = {f"{name}.mp4": asked for name, asked in row.renditions.items()} | {
                "source": row.size_bytes
            }
            if own and all(asked is not None and own.get(name, -1) >= asked for name, asked in sizes.items()):
                words = f"its files are not in {self._id}, but in its own folder"
                found.append(self._finding(Kind.MEDIA_ELSEWHERE, Remedy.RELINK, words, track=row.id))
        return found

    def _unknown_files(self) -> Iterator[Finding]:
        if any(row.state in (State.PACKAGING, State.LIVE) for row in self._rows):
            return  # the next start tidies it
        known = set()
        for row in self._rows:
            if row.renditions or row.state is not State.FAILED:
                known |= {"source", "peaks", "cover", *(f"{name}.mp4" for name in row.renditions)}
        for file, size in sorted(self._files.items()):
            if file in known:
                continue
            if file in _UNFINISHED_NAMES:
                words = f"work that was interrupted has left it ({size} bytes)"
                yield self._finding(Kind.LEFTOVER, Remedy.REMOVE, words, file=file)
            else:
                words = f"nothing in the database asks for it ({size} bytes)"
                yield self._finding(Kind.FILE_UNKNOWN, Remedy.SET_ASIDE, words, file=file)
