"""Passes to rooms that are not open: a path prefix that every relative address inherits.

A player of other people's making can neither be taught to send a token with each segment, nor does it keep a
query from one address to the next; but it resolves what a playlist lists against the address it came from.
"""

import hashlib
import hmac
import re
from typing import Final

PREFIX: Final = "/l/"
_PURPOSE: Final = b"veza live pass\0"
_SIGNATURE_BYTES: Final = 16
_TOKEN: Final = re.compile(r"([0-9]{1,12})\.([0-9a-f]{32})")


class Passes:
    """Makes and checks passes. Who may have one is somebody else's question."""

    def __init__(self, secret: bytes) -> None:
        """Args: `secret` is the server's, the same on all nodes."""
        # Not the key that signs tokens: what signs one thing must never sign another by accident.
        self._key = hmac.digest(secret, _PURPOSE, "sha256")

    def sign(self, room: str, exp: int) -> str:
        """The prefix `/l/{exp}.{sig}`, to be put before the path of what is live in a room.

        Args:
            exp: seconds since the Unix epoch from which on it is no good any more, >= 0.
        """
        return f"{PREFIX}{exp}.{self._signature(room, str(exp))}"

    def verify(self, token: str, room: str, now_s: float) -> bool:
        """Whether `{exp}.{sig}` lets somebody into a room now. Takes as long whatever is wrong with it."""
        said = _TOKEN.fullmatch(token)
        if said is None:
            return False
        good = hmac.compare_digest(self._signature(room, said[1]), said[2])
        return good and now_s < int(said[1])

    def _signature(self, room: str, exp: str) -> str:
        return hmac.digest(self._key, f"{exp} {room}".encode(), hashlib.sha256)[:_SIGNATURE_BYTES].hex()
