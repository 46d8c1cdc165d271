"""What the front door says to a client that broke a rule: RFC 9457 problem details, as bytes."""

import asyncio
import json
from http import HTTPStatus


class Refused(Exception):
    """The peer broke a rule of HTTP or a limit of ours; the connection can't go on.

    Attributes:
        status: the HTTP status to answer, 400 to 599.
        detail: the rule, and the value that broke it, in words.
    """

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status
        self.detail = detail


def problem(status: int, detail: str) -> bytes:
    """The `application/problem+json` body of an error."""
    title = HTTPStatus(status).phrase
    return json.dumps({"type": "about:blank", "title": title, "status": status, "detail": detail}).encode()


def refusal(refused: Refused, date_line: bytes) -> bytes:
    """The whole response that ends a connection; `date_line` is the rendered Date field with its CRLF."""
    body = problem(refused.status, refused.detail)
    title = HTTPStatus(refused.status).phrase
    return (
        b"HTTP/1.1 %d %b\r\n"
        b"Content-Type: application/problem+json\r\n"
        b"Content-Length: %d\r\n"
        b"Cache-Control: no-store\r\n"
        b"%bConnection: close\r\n\r\n%b" % (refused.status, title.encode(), len(body), date_line, body)
    )


def turn_away(transport: asyncio.Transport, refused: Refused, date_line: bytes) -> None:
    """Writes the refusal and half-closes; what the client still sends must be read, and thrown away.

    Source: RFC 9112 9.6: closing with unread data resets the connection, and the client may lose the answer.
    """
    transport.write(refusal(refused, date_line))
    transport.write_eof()
    if not transport.is_reading():
        transport.resume_reading()
