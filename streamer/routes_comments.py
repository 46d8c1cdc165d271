"""Comments at moments of a track, over HTTP."""

from typing import Annotated, Any

import msgspec
from aiohttp import hdrs, web
from msgspec import Meta

from streamer.comment import CURSOR_PATTERN, Comment, CommentPage, NewComment
from streamer.comments import Comments, Speaker
from streamer.gatekeeper import Gatekeeper
from streamer.payload import JSON, read_json
from streamer.peers import Peers
from streamer.problems import (
    BodyTooLarge,
    CommentRefused,
    CommentsFull,
    CommentUnknown,
    MediaTypeUnsupported,
    NotYours,
    PartMissing,
    RateLimited,
    RequestInvalid,
    TrackUnknown,
    UploadCut,
    UploadStalled,
)
from streamer.route import Reply, Route

COMMENTS = "/api/v1/tracks/{id}/comments"
COMMENT = COMMENTS + "/{comment}"
_TRACK = {"id": "The track's id."}
_COMMENT = _TRACK | {"comment": "The comment's id."}


class CommentQuery(msgspec.Struct):
    """Which comments to list."""

    limit: Annotated[int, Meta(ge=1, le=500, description="Most comments on the page.")] = 100
    cursor: Annotated[
        Annotated[str, Meta(pattern=CURSOR_PATTERN)] | None, Meta(description="`next` of the page before.")
    ] = None


class CommentRoutes:
    """The handlers of what stands under /api/v1/tracks/{id}/comments."""

    def __init__(self, comments: Comments, gatekeeper: Gatekeeper, peers: Peers) -> None:
        self._comments = comments
        self._peers = peers
        self._gatekeeper = gatekeeper

    def routes(self) -> list[Route]:
        """The table."""
        return [
            Route(
                *("GET", COMMENTS, "listComments", "List the comments of a track.", self._list),
                [Reply(200, "One page, by `at_ms` and then by `id`.", {JSON: CommentPage})],
                tag="comments",
                query=CommentQuery,
                parameters=_TRACK,
                problems=[TrackUnknown],
            ),
            Route(
                *("POST", COMMENTS, "addComment", "Comment on a moment of a track.", self._add),
                [Reply(201, "It is on disk, and who watches the track has it.", {JSON: Comment})],
                description="Signed by the token: an account's, or that of a guest, from `welcome` of "
                'the WebSocket. Where `uploads` is "anyone", none is needed. The upload may still run.',
                tag="comments",
                parameters=_TRACK,
                json_body=NewComment,
                problems=[
                    *(TrackUnknown, PartMissing, RequestInvalid, MediaTypeUnsupported, BodyTooLarge),
                    *(UploadCut, UploadStalled, RateLimited, CommentsFull, CommentRefused),
                ],
                writes=True,
            ),
            Route(
                *("DELETE", COMMENT, "deleteComment", "Delete a comment.", self._delete),
                [Reply(204, "It is gone.")],
                description="By who wrote it, and by who may delete the track.",
                tag="comments",
                parameters=_COMMENT,
                problems=[TrackUnknown, CommentUnknown, NotYours],
                writes=True,
            ),
        ]

    async def _list(self, request: web.Request, query: CommentQuery) -> web.StreamResponse:
        page = await self._comments.page(request.match_info["id"], limit=query.limit, cursor=query.cursor)
        return _json(page)

    async def _add(self, request: web.Request, _query: None) -> web.StreamResponse:
        speaker = self._speaker(request)
        new = await read_json(request, NewComment)
        comment = await self._comments.add(request.match_info["id"], new, speaker)
        return _json(comment, status=201)

    async def _delete(self, request: web.Request, _query: None) -> web.StreamResponse:
        speaker = self._speaker(request)
        comment = await self._comments.get(request.match_info["id"], request.match_info["comment"])
        if not speaker.wrote(comment):
            self._gatekeeper.check_change(speaker.identity, await self._comments.track(comment.track))
        await self._comments.delete(comment)
        return web.Response(status=204)

    def _speaker(self, request: web.Request) -> Speaker:
        return Speaker(self._gatekeeper.speaker(request), self._peers.address_of(request))


def _json(value: Any, *, status: int = 200) -> web.Response:
    headers = {hdrs.CACHE_CONTROL: "no-store"}
    return web.Response(status=status, body=msgspec.json.encode(value), content_type=JSON, headers=headers)
