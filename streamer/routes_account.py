"""The account that a token belongs to."""

import msgspec
from aiohttp import hdrs, web

from streamer.account import Account, Quota
from streamer.gatekeeper import Gatekeeper
from streamer.payload import JSON
from streamer.problems import TokenMissing
from streamer.route import Reply, Route


class AccountRoutes:
    """The handler of /api/v1/account."""

    def __init__(self, quota: Quota, gatekeeper: Gatekeeper) -> None:
        self._quota = quota
        self._gatekeeper = gatekeeper

    def routes(self) -> list[Route]:
        """The table."""
        return [
            Route(
                *(
                    "GET",
                    "/api/v1/account",
                    "getAccount",
                    "See what an account keeps here.",
                    self._get,
                ),
                [Reply(200, "As it is now.", {JSON: Account})],
                description="Without a token, where none is needed: of all who upload without one, together.",
                tag="account",
                problems=[TokenMissing],
            )
        ]

    async def _get(self, request: web.Request, _query: None) -> web.StreamResponse:
        account = await self._quota.account(self._gatekeeper.check(request))
        headers = {hdrs.CACHE_CONTROL: "no-store"}
        return web.Response(body=msgspec.json.encode(account), content_type=JSON, headers=headers)
