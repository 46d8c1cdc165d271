"""Who may write files: anyone, or who has a token of ours."""

from collections.abc import Callable
from typing import Literal

from aiohttp import hdrs, web

from streamer.auth import Identity, TokenRefused, Tokens
from streamer.problems import TokenMissing


class Gatekeeper:
    """Looks at the token of each request that writes."""

    def __init__(
        self, tokens: Tokens, who_writes: Literal["anyone", "token"], now_s: Callable[[], int]
    ) -> None:
        self._tokens = tokens
        self._open = who_writes == "anyone"
        self._now_s = now_s

    def check(self, request: web.Request) -> None:
        """Whether this client may write. RFC 6750 2.1.

        Raises:
            TokenMissing: none, or not a good one.
        """
        if not self._open and self._identity(request).guest:
            raise TokenMissing("a guest's token does not let one write files")

    def _identity(self, request: web.Request) -> Identity:
        scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        if scheme.lower() != "bearer":
            raise TokenMissing("Authorization: Bearer TOKEN is missing; the operator makes tokens")
        try:
            return self._tokens.verify(token.strip(), now_s=self._now_s())
        except TokenRefused as error:
            raise TokenMissing(str(error)) from None
