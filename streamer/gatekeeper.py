"""Who may do what: anyone, who has a token of ours, or whose thing it is."""

from collections.abc import Callable
from typing import Literal

from aiohttp import hdrs, web

from streamer.auth import Identity, TokenRefused, Tokens
from streamer.problems import NotYours, TokenMissing
from streamer.track import TrackRecord


class Gatekeeper:
    """Looks at the token of each request that writes. RFC 6750 2.1."""

    def __init__(
        self, tokens: Tokens, who_writes: Literal["anyone", "token"], now_s: Callable[[], int]
    ) -> None:
        self._tokens = tokens
        self._open = who_writes == "anyone"
        self._now_s = now_s

    def check(self, request: web.Request) -> Identity | None:
        """Whether this client may write files, and for which account; None for nobody's.

        Raises:
            TokenMissing: no token where one is needed, or not a good one.
        """
        identity = self.speaker(request)
        if identity is None or not identity.guest:
            return identity
        if not self._open:
            raise TokenMissing("a guest's token does not let one write files")
        return None

    def speaker(self, request: web.Request) -> Identity | None:
        """Who says something, a guest or an account; None for who has no token and needs none.

        Raises:
            TokenMissing: no token where one is needed, or not a good one.
        """
        if self._open and _bearer(request) is None:
            return None
        return self._identity(request)

    def known(self, request: web.Request) -> Identity:
        """Who it is that sends a request, a guest or an account. Raises TokenMissing without a good token."""
        return self._identity(request)

    def check_change(self, identity: Identity | None, record: TrackRecord) -> None:
        """Whether somebody may change or delete a track, and what others have put on it.

        Where anyone may upload, anyone may; else the account that uploaded it, and who runs the server. A
        track that was uploaded without an account is every account's.

        Raises:
            NotYours: no.
        """
        if self._open:
            return
        if identity is None or identity.guest:
            raise NotYours("a guest may delete only comments of their own")
        if record.owner_id not in (None, identity.id) and not identity.operator:
            raise NotYours(f"it is {record.owner_name}'s, and {identity.name} does not run this server")

    def check_same(self, identity: Identity | None, record: TrackRecord) -> None:
        """Whether an upload may go on: only under the account that began it.

        Raises:
            NotYours: no.
        """
        if record.owner_id is not None and (identity is None or identity.id != record.owner_id):
            raise NotYours(f"the upload is {record.owner_name}'s, and goes on with a token of that account")

    def _identity(self, request: web.Request) -> Identity:
        token = _bearer(request)
        if token is None:
            raise TokenMissing("Authorization: Bearer TOKEN is missing; the operator makes tokens")
        try:
            return self._tokens.verify(token, now_s=self._now_s())
        except TokenRefused as error:
            raise TokenMissing(str(error)) from None


def _bearer(request: web.Request) -> str | None:
    """The token; None where there is none, for a proxy may ask for a password and pass that on."""
    scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
