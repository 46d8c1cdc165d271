"""Covers of tracks, over HTTP."""

import contextlib
from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec
from aiohttp import hdrs, web
from msgspec import Meta

from streamer.covers import JPEG, Covers
from streamer.files import send_resource
from streamer.gatekeeper import Gatekeeper
from streamer.library import Library
from streamer.payload import JSON, read_whole
from streamer.problems import (
    BodyTooLarge,
    DiskFull,
    MediaTypeUnsupported,
    NotYours,
    PartMissing,
    PictureInvalid,
    ServerStopping,
    StorageFailed,
    TrackUnknown,
    UploadCut,
    UploadsBusy,
    UploadStalled,
)
from streamer.route import Reply, Route
from streamer.track import State, Track, TrackRecord, view
from streamer.uploads import Uploads, disk_problem

COVER = "/api/v1/tracks/{id}/cover"
MAX_COVER_BYTES = 10_000_000
_TYPES = ("image/jpeg", "image/png", "image/webp", "image/gif")
_MAX_AT_ONCE = 16  # each holds its picture in memory
_ID = {"id": "The track's id."}


class CoverQuery(msgspec.Struct):
    """Which of a cover's sizes."""

    size: Annotated[
        Literal["64", "256", "512", "1024"],
        Meta(description="Longest side in pixels; a smaller picture is not enlarged."),
    ] = "1024"
    v: Annotated[
        Annotated[str, Meta(max_length=64)] | None,
        Meta(description="As in `links.cover`: this very cover, to be kept for a year."),
    ] = None


class CoverRoutes:
    """The handlers of /api/v1/tracks/{id}/cover."""

    def __init__(self, covers: Covers, library: Library, uploads: Uploads, gatekeeper: Gatekeeper) -> None:
        self._covers = covers
        self._library = library
        self._uploads = uploads
        self._gatekeeper = gatekeeper
        self._running = 0

    def routes(self) -> list[Route]:
        """The table."""
        return [
            Route(
                *("GET", COVER, "getCover", "The cover of a track.", self._get),
                [Reply(200, "The picture.", {JPEG: None})],
                description="The one that somebody chose, or else the recording's own, upright and in sRGB.",
                query=CoverQuery,
                parameters=_ID,
                problems=[TrackUnknown, PartMissing],
            ),
            Route(
                *("PUT", COVER, "putCover", "Choose the cover of a track.", self._put),
                [Reply(200, "The track with its new cover; `links.cover` has changed.", {JSON: Track})],
                description="At most 10 MB and 40 million pixels. Nothing is kept but the picture itself: no "
                "places, no names. The track may still be uploading.",
                parameters=_ID,
                body=dict.fromkeys(_TYPES, "The picture; of an animation, its first."),
                problems=[
                    *(TrackUnknown, PartMissing, NotYours, MediaTypeUnsupported, BodyTooLarge),
                    *(PictureInvalid, UploadCut, UploadStalled, UploadsBusy, StorageFailed, DiskFull),
                    ServerStopping,
                ],
                writes=True,
            ),
            Route(
                *("DELETE", COVER, "deleteCover", "Go back to the recording's own cover.", self._delete),
                [Reply(204, "The chosen one is gone.")],
                parameters=_ID,
                problems=[TrackUnknown, PartMissing, NotYours],
                writes=True,
            ),
        ]

    async def _get(self, request: web.Request, query: CoverQuery) -> web.StreamResponse:
        record = await self._library.get(request.match_info["id"])
        return await send_resource(request, await self._covers.find(record, int(query.size), query.v))

    async def _put(self, request: web.Request, _query: None) -> web.StreamResponse:
        record = await self._admit(request)
        if request.content_type not in _TYPES:
            raise MediaTypeUnsupported(f"Content-Type is {request.content_type}, none of {', '.join(_TYPES)}")
        if record.state is State.FAILED:
            raise PartMissing(record.reason or "the track has failed")
        self._uploads.check_disk(MAX_COVER_BYTES)
        with self._place():
            picture = await read_whole(request, MAX_COVER_BYTES)
            try:
                record = await self._covers.put(record.id, picture)
            except OSError as error:
                raise disk_problem(error, 0) from error
        headers = {hdrs.CACHE_CONTROL: "no-store"}
        return web.Response(body=msgspec.json.encode(view(record)), content_type=JSON, headers=headers)

    async def _delete(self, request: web.Request, _query: None) -> web.StreamResponse:
        record = await self._admit(request)
        await self._covers.take_away(record.id)
        return web.Response(status=204)

    async def _admit(self, request: web.Request) -> TrackRecord:
        identity = self._gatekeeper.check(request)
        record = await self._library.get(request.match_info["id"])
        self._gatekeeper.check_change(identity, record)
        return record

    @contextlib.contextmanager
    def _place(self) -> Iterator[None]:
        if self._running >= _MAX_AT_ONCE:
            raise UploadsBusy(f"{self._running} covers are on their way, try again later")
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
