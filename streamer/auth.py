"""Signed tokens: who someone is, without a table to look it up in."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import jwt

_ALGORITHM = "HS256"
_ACCOUNT = "user-"
_SECRET_BYTES = 32
GUEST_TTL_S = 30 * 86_400  # a guest who comes back within a month is the same guest
MAX_TOKEN_LENGTH = 2048
MAX_NAME_LENGTH = 64


class TokenRefused(Exception):
    """The token is not ours, has expired, or says too little. The client's fault; the text is for it."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is speaking. A guest proved only that an earlier connection was theirs, and may not write files.

    An operator runs the server, and may change what others have uploaded.
    """

    id: str
    name: str
    guest: bool = False
    operator: bool = False


@dataclass(frozen=True, slots=True)
class Invitation:
    """What an invite says: into which room, as what, and how often all invites of it had been revoked.

    Attributes:
        id: by which it can be revoked alone; None for those of before that was so.
    """

    room: str
    role: str | None
    generation: int
    id: str | None = None


class Tokens:
    """Issues and verifies JWTs signed with HS256."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def issue(self, name: str, *, now_s: int, ttl_s: int, operator: bool = False) -> str:
        """A token for a person whom the operator knows. One name is one identity, in every token."""
        return self._encode(account_id(name), name, now_s, ttl_s, operator=operator)

    def issue_guest(self, id: str, name: str, *, now_s: int, ttl_s: int = GUEST_TTL_S) -> str:
        """A token with which a guest keeps the id across connections."""
        return self._encode(id, name, now_s, ttl_s, guest=True)

    def verify(self, token: str, *, now_s: int) -> Identity:
        """Read a token.

        Raises:
            TokenRefused: with the reason in words.
        """
        if len(token) > MAX_TOKEN_LENGTH:
            raise TokenRefused(f"the token has {len(token)} characters, more than {MAX_TOKEN_LENGTH}")
        try:
            # Expiry is judged below, against the time that was passed in.
            options: jwt.types.Options = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
            claims = jwt.decode(token, self._secret, algorithms=[_ALGORITHM], options=options)
        except jwt.InvalidTokenError:
            raise TokenRefused("the token was not signed by this server") from None
        subject, name, expires = claims.get("sub"), claims.get("name"), claims.get("exp")
        if not isinstance(subject, str) or not subject or not isinstance(name, str) or not name:
            raise TokenRefused("the token lacks sub or name")
        if not isinstance(expires, int | float) or not expires > now_s:
            raise TokenRefused("the token has expired")
        # RFC 7519 4.1.5. We issue none with it; other programs that share the secret may.
        begins = claims.get("nbf", now_s)
        if not isinstance(begins, int | float) or not begins <= now_s:
            raise TokenRefused("the token is not valid yet")
        guest, operator = claims.get("guest") is True, claims.get("operator") is True
        return Identity(subject, name, guest=guest, operator=operator and not guest)

    def issue_invite(self, invitation: Invitation, *, now_s: int, ttl_s: int) -> str:
        """A token that lets whoever has it into a room. It names nobody, so it is no identity."""
        claims: dict[str, object] = {"invite": invitation.room, "gen": invitation.generation}
        claims |= {"iat": now_s, "exp": now_s + ttl_s}
        claims |= {"role": invitation.role} if invitation.role else {}
        claims |= {"jti": invitation.id} if invitation.id else {}
        return jwt.encode(claims, self._secret, algorithm=_ALGORITHM)

    def verify_invite(self, token: str, *, now_s: int) -> Invitation | None:
        """What an invite says; None for what is none of ours, or has expired."""
        options: jwt.types.Options = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
        try:
            claims = jwt.decode(
                token[:MAX_TOKEN_LENGTH], self._secret, algorithms=[_ALGORITHM], options=options
            )
        except jwt.InvalidTokenError:
            return None
        room, generation, role = claims.get("invite"), claims.get("gen"), claims.get("role")
        if not isinstance(room, str) or not isinstance(generation, int) or not claims.get("exp", 0) > now_s:
            return None
        id = claims.get("jti")
        return Invitation(
            room, role if isinstance(role, str) else None, generation, id if isinstance(id, str) else None
        )

    def digest(self, text: str) -> str:
        """A name for `text`, 40 hexadecimal digits, that only who has the secret can find."""
        key = hashlib.blake2b(self._secret, digest_size=32).digest()
        return hashlib.blake2b(text.encode(), key=key, digest_size=20).hexdigest()

    def _encode(self, subject: str, name: str, now_s: int, ttl_s: int, **marks: bool) -> str:
        claims: dict[str, object] = {"sub": subject, "name": name, "iat": now_s, "exp": now_s + ttl_s}
        claims |= {mark: True for mark, given in marks.items() if given}
        return jwt.encode(claims, self._secret, algorithm=_ALGORITHM)


def account_id(name: str) -> str:
    """The id of the account that tokens for this name are of."""
    return f"{_ACCOUNT}{hashlib.blake2b(name.encode(), digest_size=10).hexdigest()}"


def is_account(id: str) -> bool:
    """Whether an id is an account's, and not a guest's."""
    return id.startswith(_ACCOUNT)


def load_secret(configured: str, data_dir: Path) -> bytes:
    """The signing key: from the settings, else from `secret` in the data folder, which is made when absent.

    Raises:
        OSError: the file can't be read or written.
        ValueError: the file is there but too short to be a key.
    """
    if configured:
        return configured.encode()
    path = data_dir / "secret"
    if not path.exists():
        _make_secret(path)
    secret = path.read_text(encoding="ascii").strip()
    if len(secret) < _SECRET_BYTES:
        raise ValueError(f"{path} holds {len(secret)} characters, fewer than {_SECRET_BYTES}")
    return secret.encode()


def _make_secret(path: Path) -> None:
    draft = path.with_name(f"secret.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(os.urandom(_SECRET_BYTES).hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        # A link appears whole or not at all, and of two programs that start together one wins.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def same_origin(origin: str, host: str) -> bool:
    """Whether an Origin header names the host that the request was sent to, whatever the scheme."""
    named = origin.partition("://")[2].lower()
    return bool(named) and named == host.lower()
