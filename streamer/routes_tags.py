"""Tags of a track over HTTP."""

import msgspec
from aiohttp import hdrs, web

from streamer.editor import Editor
from streamer.gatekeeper import Gatekeeper
from streamer.payload import JSON, read_json
from streamer.problems import NotYours, TrackUnknown
from streamer.route import Reply, Route
from streamer.tags import TrackEdit, changes
from streamer.track import Track, view

_MERGE_PATCH = "application/merge-patch+json"  # RFC 7396


class TagRoutes:
    """The handler of PATCH."""

    def __init__(self, editor: Editor, gatekeeper: Gatekeeper) -> None:
        self._editor = editor
        self._gatekeeper = gatekeeper

    def routes(self) -> list[Route]:
        """The table."""
        return [
            Route(
                *("PATCH", "/api/v1/tracks/{id}", "editTrack", "Change tags of a track.", self._edit),
                [Reply(200, "As it is now.", {JSON: Track})],
                description="What the body does not name stays. The recording itself is not touched; an "
                "edit outlives packaging and restarts, and counts more than what the file says.",
                parameters={"id": "The track's id."},
                body={_MERGE_PATCH: "The same."},
                json_body=TrackEdit,
                problems=[TrackUnknown, NotYours],
                writes=True,
            )
        ]

    async def _edit(self, request: web.Request, _query: None) -> web.StreamResponse:
        identity = self._gatekeeper.check(request)
        self._gatekeeper.check_change(identity, await self._editor.track(request.match_info["id"]))
        edit = await read_json(request, TrackEdit, also=frozenset({_MERGE_PATCH}))
        record = await self._editor.edit(request.match_info["id"], changes(edit))
        body = msgspec.json.encode(view(record))
        headers = {hdrs.CACHE_CONTROL: "no-store"}
        return web.Response(body=body, content_type=JSON, headers=headers)
