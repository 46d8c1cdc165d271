"""The opening handshake of a WebSocket, and who may connect. `websockets` has the rules of RFC 6455."""

import asyncio
import math

from websockets.http11 import Request
from websockets.server import ServerProtocol

from chat.admission import Gate
from chat.limits import ChatLimits
from chat.networks import Address
from streamer.auth import same_origin
from streamer.peers import Peers
from streamer.websocket import quiet_logger


class Handshakes:
    """Answers the opening handshakes of a node, no more of them than it can greet."""

    def __init__(self, limits: ChatLimits, origins: frozenset[str], peers: Peers) -> None:
        """Args: `origins` as for `shake_hands`; `peers` counts them by network."""
        self._peers = peers
        self._gate = Gate(limits.accepts_per_s, limits.accepts_burst)
        self._origins = frozenset(origin.lower() for origin in origins)

    def answer(
        self, received: bytes, refusal: str | None, now_s: float, address: Address | None
    ) -> tuple[bytes, int, bytes]:
        """As `shake_hands`, at monotonic time `now_s`; those who are too many are not even read."""
        if refusal is None and (retry_ms := self._peers.take(address, now_s)):
            return turn_back(math.ceil(retry_ms / 1000)), 503, b""
        if refusal is None and (retry_s := self._gate.take(now_s)):
            return turn_back(retry_s), 503, b""
        return shake_hands(received, self._origins, refusal)


def shake_hands(received: bytes, origins: frozenset[str], refusal: str | None) -> tuple[bytes, int, bytes]:
    """Answer an opening handshake.

    Args:
        received: a whole request head, and maybe bytes after it.
        origins: sites whose pages may connect, besides the one the request names as its host; "*" for all.
        refusal: why nobody may connect right now, or None.

    Returns:
        The response; its status, 101 if there is a WebSocket from here on; and the bytes after the head.
    """
    end = received.find(b"\r\n\r\n") + 4
    handshake = ServerProtocol(logger=quiet_logger)
    handshake.receive_data(received[:end])
    events = handshake.events_received()
    if not events:
        # The library has found something before the head was whole, and has answered it if it is worth an
        # answer.
        response = b"".join(handshake.data_to_send())
        response = response or handshake.reject(400, f"{handshake.handshake_exc}\n").serialize()
        return response, int(response[9:12]), b""
    request = events[0]
    assert isinstance(request, Request)
    if refusal is not None:
        verdict = handshake.reject(503, f"{refusal}\n")
        verdict.headers["Retry-After"] = "5"
    elif not _origin_allowed(request, origins):
        verdict = handshake.reject(403, f"Pages of {request.headers.get_all('Origin')} may not connect.\n")
    else:
        verdict = handshake.accept(request)
    handshake.send_response(verdict)
    return b"".join(handshake.data_to_send()), verdict.status_code, received[end:]


def turn_back(retry_s: float) -> bytes:
    """The answer to a handshake that is not even read. `retry_s` > 0: when there is room for it."""
    text = b"Too many connections at once.\n"
    return (
        b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: %d\r\nConnection: close\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n\r\n%b"
    ) % (math.ceil(retry_s), len(text), text)


def _origin_allowed(request: Request, origins: frozenset[str]) -> bool:
    # Browsers let any page open a WebSocket to us, with our cookies if there were any, and always say which
    # page it is.
    sent, hosts = request.headers.get_all("Origin"), request.headers.get_all("Host")
    if not sent or "*" in origins:
        return True
    if len(sent) != 1 or len(hosts) != 1:
        return False
    return sent[0].lower() in origins or same_origin(sent[0], hosts[0])


class Refused(asyncio.Protocol):
    """What is left of a connection whose handshake failed: deaf until it is closed."""

    __slots__ = ()
