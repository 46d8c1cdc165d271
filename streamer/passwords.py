"""Passwords of rooms: kept as scrypt hashes, and checked once for all who come with the same one."""

import asyncio
import hashlib
import hmac
import os
from collections import OrderedDict

# OWASP's least for scrypt would take 16 MiB five times over; one such check takes 40 ms here.
_N, _R, _P = 1 << 14, 8, 1
_MAX_KNOWN = 10_000


def _hash(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=_N, r=_R, p=_P, dklen=32)


async def hash_password(password: str) -> str:
    """What is kept of a password. Safe to cancel."""
    salt = os.urandom(16)
    digest = await asyncio.to_thread(_hash, password, salt)
    return f"scrypt${salt.hex()}${digest.hex()}"


class Passwords:
    """Checks passwords against hashes, and remembers those that were right: a crowd that comes back has one.

    Bound: 10,000 of them, as digests with a key of this process.
    """

    def __init__(self) -> None:
        self._key = os.urandom(32)
        self._known: OrderedDict[bytes, None] = OrderedDict()

    def knows(self, password: str, kept: str) -> bool:
        """Whether this password was right for this hash before. Takes no time."""
        return self._mark(password, kept) in self._known

    async def check(self, password: str, kept: str) -> bool:
        """Whether the password is the one that was hashed. Safe to cancel."""
        if self.knows(password, kept):
            return True
        _, salt, digest = kept.split("$")
        found = await asyncio.to_thread(_hash, password, bytes.fromhex(salt))
        if not hmac.compare_digest(found, bytes.fromhex(digest)):
            return False
        self._known[self._mark(password, kept)] = None
        if len(self._known) > _MAX_KNOWN:
            self._known.popitem(last=False)
        return True

    def _mark(self, password: str, kept: str) -> bytes:
        return hashlib.blake2b(f"{kept}\0{password}".encode(), key=self._key, digest_size=16).digest()
