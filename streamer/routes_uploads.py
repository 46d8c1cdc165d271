"""Resumable uploads: tus 1.0 at /api/v1/uploads. The rules are in `tus`, the work is in `resumable`."""

from aiohttp import hdrs, web

from streamer import tus
from streamer.auth import Identity
from streamer.gatekeeper import Gatekeeper
from streamer.problems import (
    ChecksumWrong,
    DiskFull,
    MediaTypeUnsupported,
    NotYours,
    OffsetWrong,
    QuotaExceeded,
    RequestInvalid,
    ServerStopping,
    StorageFailed,
    TusVersionUnsupported,
    UploadCut,
    UploadGone,
    UploadsBusy,
    UploadStalled,
    UploadTakenOver,
    UploadTooLarge,
    UploadUnknown,
)
from streamer.resumable import Resumables
from streamer.route import Handler, Reply, Route

UPLOADS = "/api/v1/uploads"
UPLOAD = UPLOADS + "/{id}"
_ID = {"id": "The upload's id, which is its track's: the end of `Location`."}
_VERSION = {"Tus-Resumable": "1.0.0"}
_LENGTH = {"Upload-Length": "Bytes of the whole recording."}
_CHECKSUM = {"Upload-Checksum": "`sha1`, `sha256` or `md5`, a space, and the digest of this body in Base64."}
_CREATION = {
    **_VERSION,
    **_LENGTH,
    "Upload-Defer-Length": "1, instead of Upload-Length: a PATCH will say it.",
    "Upload-Metadata": "`filename`, `filetype` and `ref` (your own mark), their values in Base64.",
    **_CHECKSUM,
}
_ADDITION = {**_VERSION, "Upload-Offset": "Where this body begins.", **_LENGTH, **_CHECKSUM}
_OFFSET = {
    "Upload-Offset": "Bytes that are on the server's disk.",
    "Upload-Expires": "Until when the upload may be resumed; each request moves it on.",
}
_STANDING = _OFFSET | {
    "Upload-Length": "Bytes of the whole recording, once it is known.",
    "Upload-Metadata": "As it was sent.",
}
_TAKING = (
    *(RequestInvalid, UploadCut, UploadTakenOver, UploadStalled, UploadTooLarge, MediaTypeUnsupported),
    *(TusVersionUnsupported, ChecksumWrong, UploadsBusy, ServerStopping, StorageFailed, DiskFull),
    QuotaExceeded,
)
_FINDING = (UploadUnknown, UploadGone, TusVersionUnsupported, NotYours)
_ABOUT = (
    "tus 1.0 (https://tus.io/protocols/resumable-upload): the track exists, is packaged and plays while its "
    "upload runs or is interrupted."
)

# What pages of the sites in `origins` may send and read.
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "POST, HEAD, PATCH, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Tus-Resumable, Upload-Length, "
    "Upload-Defer-Length, Upload-Offset, Upload-Metadata, Upload-Checksum, X-HTTP-Method-Override",
    "Access-Control-Max-Age": "86400",
}
_EXPOSED = (
    "Location, Tus-Resumable, Tus-Version, Tus-Extension, Tus-Max-Size, Tus-Checksum-Algorithm, "
    "Upload-Offset, Upload-Length, Upload-Defer-Length, Upload-Metadata, Upload-Expires"
)


async def dress(request: web.Request, response: web.StreamResponse) -> None:
    """What every answer under this path carries, refusals too."""
    if not request.path.startswith(UPLOADS):
        return
    # "Tus-Resumable MUST be included in every request and response except for OPTIONS requests."
    if request.method != "OPTIONS":
        response.headers["Tus-Resumable"] = tus.VERSION
    if response.status == 412:
        response.headers["Tus-Version"] = tus.VERSION
    response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
    response.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = _EXPOSED


class UploadRoutes:
    """The handlers of what stands under /api/v1/uploads."""

    def __init__(self, resumables: Resumables, gatekeeper: Gatekeeper) -> None:
        self._resumables = resumables
        self._gatekeeper = gatekeeper

    def routes(self) -> list[Route]:
        """The table."""
        return [
            Route(
                *("POST", UPLOADS, "createUpload", "Begin a resumable upload.", self._create),
                [
                    Reply(
                        201,
                        "`Location` is where it goes on.",
                        headers={hdrs.LOCATION: "The upload."} | _OFFSET,
                    )
                ],
                description=_ABOUT,
                tag="uploads",
                headers=_CREATION,
                body={tus.BODY_TYPE: "The first bytes, if any come along."},
                body_optional=True,
                problems=_TAKING,
                writes=True,
            ),
            self._of("HEAD", "lookAtUpload", "Ask how far an upload is.", self._look, _STANDING),
            Route(
                *("PATCH", UPLOAD, "continueUpload", "Send what is missing, or the next part of it."),
                self._add,
                [Reply(204, "What came is on the server's disk.", headers=_OFFSET)],
                description="A cut line loses nothing that had come, unless the body had a checksum. "
                "Of two requests at once the newer one goes on.",
                tag="uploads",
                parameters=_ID,
                headers=_ADDITION,
                body={tus.BODY_TYPE: "The bytes from Upload-Offset on."},
                problems=(*_TAKING, OffsetWrong, UploadUnknown, UploadGone, NotYours),
                writes=True,
            ),
            self._of("DELETE", "terminateUpload", "Remove every byte of an upload.", self._terminate, {}),
            self._of("POST", "overrideUpload", "As X-HTTP-Method-Override says.", self._override, _OFFSET),
            self._options_of(UPLOADS, "describeUploads", {}),
            self._options_of(UPLOAD, "describeUpload", _ID),
        ]

    def _of(self, method: str, name: str, summary: str, handler: Handler, headers: dict[str, str]) -> Route:
        override = {"X-HTTP-Method-Override": "HEAD, PATCH or DELETE."} if method == "POST" else {}
        status = 200 if method == "HEAD" else 204
        return Route(
            *(method, UPLOAD, name, summary, handler),
            [Reply(status, "Done." if method != "HEAD" else "So far.", headers=headers)],
            description="For clients that can't send other methods." if override else "",
            tag="uploads",
            parameters=_ID,
            headers=_VERSION | override,
            problems=(*_FINDING, RequestInvalid) if override else _FINDING,
            writes=True,
        )

    def _options_of(self, path: str, name: str, parameters: dict[str, str]) -> Route:
        return Route(
            *("OPTIONS", path, name, "What of tus this server does.", self._options),
            [Reply(204, "In the `Tus-` fields; also the answer to a page of another site.")],
            tag="uploads",
            parameters=parameters,
        )

    async def _create(self, request: web.Request, _query: None) -> web.StreamResponse:
        owner = self._admit(request)
        creation = tus.read_creation(request.headers, self._resumables.max_bytes)
        standing = await self._resumables.create(request, creation, owner)
        location = {hdrs.LOCATION: f"{UPLOADS}/{standing.id}"}
        return web.Response(status=201, headers=tus.answer_headers(standing) | location)

    async def _look(self, request: web.Request, _query: None) -> web.StreamResponse:
        await self._admit_again(request)
        standing = await self._resumables.look(request.match_info["id"])
        return web.Response(headers=tus.look_headers(standing))

    async def _add(self, request: web.Request, _query: None) -> web.StreamResponse:
        await self._admit_again(request)
        addition = tus.read_addition(request.headers, self._resumables.max_bytes)
        standing = await self._resumables.add(request.match_info["id"], request, addition)
        return web.Response(status=204, headers=tus.answer_headers(standing))

    async def _terminate(self, request: web.Request, _query: None) -> web.StreamResponse:
        identity = self._admit(request)
        self._gatekeeper.check_change(identity, await self._resumables.record(request.match_info["id"]))
        await self._resumables.terminate(request.match_info["id"])
        return web.Response(status=204)

    async def _override(self, request: web.Request, query: None) -> web.StreamResponse:
        # "The X-HTTP-Method-Override request header MUST be ... interpreted as the request's method."
        handlers = {"HEAD": self._look, "PATCH": self._add, "DELETE": self._terminate}
        said = request.headers.get("X-HTTP-Method-Override", "")
        if said not in handlers:
            raise RequestInvalid(f"X-HTTP-Method-Override is {said[:40]!r}, none of {', '.join(handlers)}")
        return await handlers[said](request, query)

    async def _options(self, request: web.Request, _query: None) -> web.StreamResponse:
        headers = {
            "Tus-Version": tus.VERSION,
            "Tus-Extension": tus.EXTENSIONS,
            "Tus-Max-Size": str(self._resumables.max_bytes),
            "Tus-Checksum-Algorithm": ",".join(tus.ALGORITHMS),
        }
        if hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers:
            headers |= _PREFLIGHT
        return web.Response(status=204, headers=headers)

    def _admit(self, request: web.Request) -> Identity | None:
        """Judge version and token; a look needs one too, for it tells of the files of others."""
        tus.check_version(request.headers)
        return self._gatekeeper.check(request)

    async def _admit_again(self, request: web.Request) -> None:
        """An upload goes on under the account that began it, whose quota it takes."""
        identity = self._admit(request)
        self._gatekeeper.check_same(identity, await self._resumables.record(request.match_info["id"]))
