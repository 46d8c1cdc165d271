"""The opening handshake of a WebSocket, and who may connect. `websockets` has the rules of RFC 6455."""

import asyncio

from websockets.http11 import Request
from websockets.server import ServerProtocol

from streamer.auth import same_origin
from streamer.websocket import quiet_logger


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
