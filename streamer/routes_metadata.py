"""`/admin/metadata` and `/admin.cgi`: titles of sources, as Icecast's and Shoutcast's clients send them."""

import asyncio
from collections.abc import Callable

from aiohttp import hdrs, web

from chat.networks import Address
from streamer.ingest.metadata import MAX_QUERY_BYTES, TitleUpdate, answer, read_update
from streamer.ingest.wrong_keys import WrongKeys
from streamer.lane import DatabaseFailed
from streamer.live.line import KeyRefused, Stage
from streamer.refusal import Refused
from streamer.route import Reply, Route

_ADMIT_S = 10.0
_FORM = "application/x-www-form-urlencoded"
_XML = "text/xml; charset=utf-8"
_WHAT = (
    "`mode=updinfo`, `mount=/live/ROOM`, and `song`, or `artist` and `title`; `charset` if they are not "
    "UTF-8. The stream key is the password of Basic, or `pass`. The title holds from the sound on that comes "
    "next, and one that comes before its source waits for it."
)


class MetadataRoutes:
    """Brings titles to the stage."""

    def __init__(
        self,
        stage: Stage,
        wrong: WrongKeys,
        address_of: Callable[[web.Request], Address | None],
        now_s: Callable[[], float],
    ) -> None:
        """Args: `now_s` is monotonic."""
        self._stage = stage
        self._wrong = wrong
        self._address_of = address_of
        self._now_s = now_s

    def routes(self) -> list[Route]:
        """The table."""
        replies = [Reply(200, "It is announced.", {"text/xml": None})]
        summary = "Say what a source plays, as Icecast's clients do."
        return [
            Route(
                *("GET", "/admin/metadata", "updateMetadata", summary, self._update),
                replies,
                description=_WHAT,
                tag="live",
            ),
            Route(
                *("POST", "/admin/metadata", "postMetadata", summary, self._update),
                replies,
                description=_WHAT,
                tag="live",
                body={_FORM: "The same as in the query."},
                body_optional=True,
            ),
            Route(
                *("GET", "/admin.cgi", "updateShoutcastMetadata", summary, self._update),
                replies,
                description=_WHAT + " Without `mount` the room is that of the key.",
                tag="live",
            ),
        ]

    async def _update(self, request: web.Request, _query: None) -> web.StreamResponse:
        try:
            update = read_update(await _query_of(request), request.headers.get(hdrs.AUTHORIZATION, ""))
            await self._announce(update, self._address_of(request))
        except Refused as refused:
            return _respond(refused.status, refused.detail)
        except (DatabaseFailed, TimeoutError):
            return _respond(503, "The key can't be looked up right now")
        return _respond(200, "Metadata update successful")

    async def _announce(self, update: TitleUpdate, address: Address | None) -> None:
        if retry_s := self._wrong.retry_s(address, self._now_s()):
            raise Refused(429, f"too many wrong keys; try again in {retry_s} s")
        if not update.key:
            raise Refused(401, "titles need the source's key, as the password of Basic")
        try:
            async with asyncio.timeout(_ADMIT_S):
                if update.room is None:
                    admission = await self._stage.admit_key(update.key)
                else:
                    admission = await self._stage.admit(update.room, update.key)
        except KeyRefused as error:
            self._wrong.count(address, self._now_s())
            raise Refused(401, str(error)) from None
        self._stage.announce(admission, update.artist, update.title, update.text)


async def _query_of(request: web.Request) -> bytes:
    """Raises Refused: 413 for a form that is too large."""
    # What aiohttp has made of the address is in UTF-8, whatever it was in.
    query = request.raw_path.partition("?")[2].encode("latin-1", "replace")
    if request.method == "POST" and request.content_type == _FORM:
        form = b""
        while len(form) <= MAX_QUERY_BYTES and (more := await request.content.readany()):
            form += more
        if len(form) > MAX_QUERY_BYTES:
            raise Refused(413, f"the form has more than {MAX_QUERY_BYTES} bytes")
        query = query + b"&" + form if query else form
    return query


def _respond(status: int, message: str) -> web.Response:
    headers = {"Content-Type": _XML, "Cache-Control": "no-store"}
    if status == 401:
        headers[hdrs.WWW_AUTHENTICATE] = 'Basic realm="veza", charset="UTF-8"'
    return web.Response(status=status, body=answer(message, done=status == 200), headers=headers)
