"""What a source that came over HTTP is told, as bytes. Pure."""

from http import HTTPStatus
from typing import Final

from streamer.live.line import Dismissal
from streamer.refusal import Refused, problem

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"

#: To who waits for a 200 and then sends. Icecast's own line: some clients compare the first twelve bytes.
GO_ON: Final = b"HTTP/1.0 200 OK\r\nServer: veza\r\nConnection: close\r\n\r\n"

#: When all of the sound has come.
THANKS: Final = b"HTTP/1.1 200 OK\r\nServer: veza\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

#: To who asks whether we are here: libshout 2.4 looks for what it may do in `Allow`.
PRESENT: Final = (
    b"HTTP/1.1 200 OK\r\nServer: veza\r\nAllow: GET, PUT, POST, SOURCE\r\nContent-Length: 0\r\n"
    b"Connection: close\r\n\r\n"
)

STATUSES: Final = {
    "taken-over": 409,
    "revoked": 403,
    "refused": 415,
    "ended": 410,
    "stopping": 503,
    "stalled": 408,
}
"""What a source is told that had no answer yet when the stage let go of it."""


class Missing(Refused):
    """401: the key is missing, or is none of that room."""

    def __init__(self, detail: str) -> None:
        super().__init__(401, detail)


class Later(Refused):
    """It may be well in a moment.

    Attributes:
        retry_s: after so many whole seconds.
    """

    def __init__(self, status: int, detail: str, retry_s: int) -> None:
        super().__init__(status, detail)
        self.retry_s = retry_s


def dismissal(dismissed: Dismissal) -> Refused:
    """The refusal that a dismissal is."""
    status = STATUSES[dismissed.code]
    return Later(status, dismissed.reason, 1) if status == 503 else Refused(status, dismissed.reason)


def refusal(refused: Refused) -> bytes:
    """A whole response, the last of its connection.

    HTTP/1.0, which every source client reads: those that speak 1.1 close the connection because it says so.
    """
    body = problem(refused.status, refused.detail)
    more = b""
    if isinstance(refused, Missing):
        more = b'WWW-Authenticate: Basic realm="veza", charset="UTF-8"\r\n'
    elif isinstance(refused, Later):
        more = b"Retry-After: %d\r\n" % refused.retry_s
    return (
        b"HTTP/1.0 %d %b\r\nServer: veza\r\nContent-Type: application/problem+json\r\nContent-Length: %d\r\n"
        b"Cache-Control: no-store\r\n%bAllow: GET, PUT, POST, SOURCE\r\nConnection: close\r\n\r\n%b"
    ) % (refused.status, HTTPStatus(refused.status).phrase.encode(), len(body), more, body)
