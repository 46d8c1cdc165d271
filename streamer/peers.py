"""Who is at the other end of a connection, also behind a reverse proxy."""

import asyncio
import re
from collections.abc import Sequence

from aiohttp import hdrs, web

from chat.limits import Buckets, ChatLimits, Rate
from chat.networks import Address, Network, client_address, own_network

_FORWARDED = re.compile(rb"^x-forwarded-for:[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_MAX_NETWORKS = 20_000


class Peers:
    """Finds addresses, and counts how often those of one network connect.

    Bound: 20,000 networks are counted at a time.
    """

    def __init__(self, trusted: Sequence[Network], limits: ChatLimits) -> None:
        """Args: `trusted` are networks of proxies whose X-Forwarded-For is believed."""
        self._trusted = tuple(trusted)
        rate = Rate(limits.handshakes_per_network_per_s, limits.handshakes_per_network_burst)
        self._buckets = Buckets(rate, _MAX_NETWORKS)

    def address(self, transport: asyncio.BaseTransport, head: bytes) -> Address | None:
        """Of a connection whose first bytes are `head`, a whole request head or more."""
        peer = transport.get_extra_info("peername")
        host = str(peer[0]) if isinstance(peer, tuple) and peer else ""
        forwarded = []
        if self._trusted:
            fields = _FORWARDED.findall(head, 0, head.find(b"\r\n\r\n") + 2)
            forwarded = [field.decode("latin-1") for field in fields]
        return client_address(host, forwarded, self._trusted)

    def address_of(self, request: web.Request) -> Address | None:
        """Of who sent a request."""
        forwarded = request.headers.getall(hdrs.X_FORWARDED_FOR, [])
        return client_address(request.remote or "", forwarded, self._trusted)

    def behind(self, host: str, forwarded: str) -> str:
        """Who is behind the address of a connection, whose X-Forwarded-For is joined by ", "."""
        address = client_address(host, [forwarded] if forwarded else [], self._trusted)
        return host if address is None else str(address)

    def take(self, address: Address | None, now_s: float) -> int:
        """Count a connection. Returns 0, or the milliseconds after which its network may have another."""
        network = own_network(address)
        return 0 if network is None else self._buckets.take(str(network), now_s)
