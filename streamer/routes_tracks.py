"""Tracks over HTTP: upload, list, look at, delete; waveform."""

import asyncio
from typing import Annotated, Any

import msgspec
from aiohttp import hdrs, web
from msgspec import Meta

from streamer.files import send_resource
from streamer.gatekeeper import Gatekeeper
from streamer.ids import ID_PATTERN
from streamer.library import Library
from streamer.media import MediaFiles
from streamer.problems import (
    DiskFull,
    MediaTypeUnsupported,
    NotYours,
    PartMissing,
    QuotaExceeded,
    ServerStopping,
    StorageFailed,
    StoreBroken,
    StoreUnreachable,
    TrackDeleted,
    TrackUnknown,
    UploadCut,
    UploadsBusy,
    UploadStalled,
    UploadTooLarge,
    unavailable,
)
from streamer.resource import FileBody, Resource, StoredBody
from streamer.route import Handler, Reply, Route
from streamer.shelf import IMMUTABLE
from streamer.store import StoreError
from streamer.track import State, Track, TrackPage, TrackRecord, view
from streamer.uploads import Uploads
from streamer.waveform import Peaks, Waveform, Zoom

TRACKS = "/api/v1/tracks"
TRACK = TRACKS + "/{id}"
_ID = {"id": "The track's id, as the upload was answered."}
_JSON = "application/json"
_BINARY = "application/octet-stream"

# In any script this fits into a request line (heads.MAX_LINE_BYTES), twelve bytes to a character at worst.
MAX_QUERY_NAME_LENGTH = 512
Ref = Annotated[str, Meta(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")]


class UploadQuery(msgspec.Struct):
    """How an upload is named."""

    filename: Annotated[
        Annotated[str, Meta(max_length=MAX_QUERY_NAME_LENGTH)] | None,
        Meta(description="Name of the file; else Content-Disposition says, or the form."),
    ] = None
    ref: Annotated[
        Ref | None,
        Meta(description="Your own mark: the list finds the track by it while the upload still runs."),
    ] = None


class ListQuery(msgspec.Struct):
    """Which tracks to list."""

    limit: Annotated[int, Meta(ge=1, le=200, description="Most tracks on the page.")] = 50
    cursor: Annotated[
        Annotated[str, Meta(pattern=ID_PATTERN)] | None, Meta(description="`next` of the page before.")
    ] = None
    ref: Annotated[Ref | None, Meta(description="Only tracks uploaded with this mark, in any state.")] = None
    sha256: Annotated[
        Annotated[str, Meta(pattern="^[0-9a-fA-F]{64}$", max_length=64)] | None,
        Meta(description="Only tracks made of the file with this hash: what there is already of it."),
    ] = None


class WaveformQuery(msgspec.Struct):
    """At which scale a waveform is wanted; the answer is at that one or a little finer, and says which."""

    length: Annotated[
        Annotated[int, Meta(ge=1, le=1 << 20)] | None,
        Meta(description="At least so many pixels for the whole of it, if it has them."),
    ] = None
    samples_per_pixel: Annotated[
        Annotated[int, Meta(ge=1, le=1 << 31)] | None, Meta(description="At most so many samples a pixel.")
    ] = None

    @property
    def tag(self) -> str:
        """Tells one scale from another in an entity tag; empty without a wish."""
        wishes = (self.length, self.samples_per_pixel)
        return "" if wishes == (None, None) else "-".join(str(wish or 0) for wish in wishes) + "-"

    def of(self, peaks: Peaks) -> Zoom:
        """The waveform at that scale."""
        return peaks.at(length=self.length, samples_per_pixel=self.samples_per_pixel)


class TrackRoutes:
    """The handlers of what stands under /api/v1/tracks, but for the source, which is media."""

    def __init__(
        self,
        library: Library,
        uploads: Uploads,
        media: MediaFiles,
        gatekeeper: Gatekeeper,
    ) -> None:
        self._library = library
        self._uploads = uploads
        self._media = media
        self._gatekeeper = gatekeeper

    def routes(self) -> list[Route]:
        """The table."""
        return [
            Route(
                "POST",
                TRACKS,
                "uploadTrack",
                "Upload a recording.",
                self._upload,
                [Reply(201, "All of it is on the server's disk. `Location` is the track.", {_JSON: Track})],
                description="It is packaged, listed and playable while the upload still runs. A file that "
                "can't become a track is answered 201 too; its state then becomes `failed`.",
                query=UploadQuery,
                body={
                    "application/octet-stream": "The recording itself, of any media type but multipart.",
                    "multipart/form-data": "A form; its first file is the recording.",
                },
                problems=[
                    *(UploadCut, UploadStalled, TrackDeleted, UploadTooLarge, MediaTypeUnsupported),
                    *(UploadsBusy, ServerStopping, StorageFailed, DiskFull, QuotaExceeded),
                ],
                writes=True,
            ),
            Route(
                "GET",
                TRACKS,
                "listTracks",
                "List tracks, newest first.",
                self._list,
                [Reply(200, "One page.", {_JSON: TrackPage})],
                description="Tracks that have nothing to play yet are found by `ref`, `sha256` or id only.",
                query=ListQuery,
            ),
            *self._routes_of_one(),
        ]

    def _routes_of_one(self) -> list[Route]:
        return [
            Route(
                *("GET", TRACK, "getTrack", "Look at a track.", self._get),
                [Reply(200, "As it is now.", {_JSON: Track})],
                parameters=_ID,
                problems=[TrackUnknown],
            ),
            Route(
                *("DELETE", TRACK, "deleteTrack", "Delete a track.", self._delete),
                [Reply(204, "Every byte of it is gone; work on it has ended.")],
                parameters=_ID,
                problems=[TrackUnknown, NotYours],
                writes=True,
            ),
            *self._routes_of_parts(),
        ]

    def _routes_of_parts(self) -> list[Route]:
        binary = {_BINARY: None}

        def part(name: str, operation: str, summary: str, handler: Handler, reply: Reply) -> Route:
            return Route(
                *("GET", f"{TRACK}/{name}", operation, summary, handler, [reply]),
                description="While the track is packaged: as far as it has come.",
                parameters=_ID,
                query=WaveformQuery,
                problems=[TrackUnknown, PartMissing, StoreBroken, StoreUnreachable],
            )

        as_json = Reply(200, "audiowaveform's JSON, version 2.", {_JSON: Waveform})
        as_binary = Reply(200, "audiowaveform's binary format, version 2; coarser zooms follow.", binary)
        return [
            part("waveform.json", "getWaveform", "The waveform.", self._waveform_json, as_json),
            part("waveform.dat", "getWaveformFile", "The waveform, binary.", self._waveform_dat, as_binary),
        ]

    async def _upload(self, request: web.Request, query: UploadQuery) -> web.StreamResponse:
        owner = self._gatekeeper.check(request)
        record = await self._uploads.receive(request, filename=query.filename, ref=query.ref, owner=owner)
        return _json(view(record), status=201, location=f"{TRACKS}/{record.id}")

    async def _list(self, request: web.Request, query: ListQuery) -> web.StreamResponse:
        sha256 = query.sha256.lower() if query.sha256 else None
        return _json(
            await self._library.page(limit=query.limit, cursor=query.cursor, ref=query.ref, sha256=sha256)
        )

    async def _get(self, request: web.Request, _query: None) -> web.StreamResponse:
        return _json(view(await self._track(request)))

    async def _delete(self, request: web.Request, _query: None) -> web.StreamResponse:
        identity = self._gatekeeper.check(request)
        self._gatekeeper.check_change(identity, await self._track(request))
        await self._library.delete(request.match_info["id"])
        return web.Response(status=204)

    async def _waveform_json(self, request: web.Request, query: WaveformQuery) -> web.StreamResponse:
        record = await self._track(request)
        peaks = record.peaks or await self._read_peaks(record)
        body = await asyncio.to_thread(lambda: query.of(peaks).to_json())
        return await send_resource(request, _part(record, _JSON, body, f"json-{query.tag}{len(body):x}"))

    async def _waveform_dat(self, request: web.Request, query: WaveformQuery) -> web.StreamResponse:
        record = await self._track(request)
        if record.peaks is None and not query.tag:
            file = await self._media.find(record, "peaks")
            if file is None:
                raise _no_waveform(record)
            part = _part(record, _BINARY, file, f"dat-{file.size_bytes:x}")
        else:
            peaks = record.peaks or await self._read_peaks(record)
            body = await asyncio.to_thread(lambda: (query.of(peaks) if query.tag else peaks).to_binary())
            part = _part(record, _BINARY, body, f"dat-{query.tag}{len(body):x}")
        return await send_resource(request, part)

    async def _track(self, request: web.Request) -> TrackRecord:
        return await self._library.get(request.match_info["id"])

    async def _read_peaks(self, record: TrackRecord) -> Peaks:
        try:
            data = await self._media.read(record, "peaks")
        except StoreError as error:
            raise unavailable(error) from error
        if data is None:
            raise _no_waveform(record)
        return Peaks.from_binary(data)


def _no_waveform(record: TrackRecord) -> PartMissing:
    return PartMissing("there is no waveform yet" if record.reason is None else record.reason)


def _json(value: Any, *, status: int = 200, location: str | None = None) -> web.Response:
    headers = {hdrs.CACHE_CONTROL: "no-store"} | ({hdrs.LOCATION: location} if location else {})
    return web.Response(status=status, body=msgspec.json.encode(value), content_type=_JSON, headers=headers)


def _part(record: TrackRecord, media_type: str, body: bytes | FileBody | StoredBody, tag: str) -> Resource:
    ready = record.state is State.READY
    return Resource(
        media_type=media_type,
        body=body,
        etag=f'"{record.id}-{tag}"',
        last_modified=record.updated_at // 1000,
        cache_control=IMMUTABLE if ready else "no-store",
    )
