"""Finds out who says hello."""

from collections.abc import Callable, Sequence
from typing import Protocol

from chat.effects import Effect
from chat.errors import CloseCode, ErrorCode
from chat.fields import Author
from chat.order import Refused
from chat.roles import Person
from streamer.auth import Identity, TokenRefused
from streamer.ids import ENTROPY_BYTES, new_id
from streamer.websocket import WebSocket

GUEST_PREFIX = "guest-"

Judge = Callable[[WebSocket, Person], Refused | None]


class GuestTokens(Protocol):
    """What is needed of `streamer.auth.Tokens`."""

    def issue_guest(self, id: str, name: str, *, now_s: int) -> str: ...

    def verify(self, token: str, *, now_s: int) -> Identity:
        """Raises: TokenRefused."""
        ...


class Greeting:
    """Tells from a name or a token who somebody is; guests are given a token to come back with."""

    def __init__(
        self,
        tokens: GuestTokens,
        judge: Judge,
        clock: Callable[[], float],
        entropy: Callable[[int], bytes],
    ) -> None:
        """Args: `judge` says whether somebody may be here, and marks the connection as theirs."""
        self._tokens = tokens
        self._judge = judge
        self._clock = clock
        self._entropy = entropy

    def receive(self, socket: WebSocket, name: str | None, token: str | None) -> Sequence[Effect]:
        """What follows from a hello. Who is banned is sent away for good."""
        session, now_ms = socket.session, int(self._clock() * 1000)
        identity: Identity | None = None
        if token is not None:
            try:
                identity = self._tokens.verify(token, now_s=now_ms // 1000)
            except TokenRefused as refused:
                return session.refused(str(refused))
        person = self._person(socket, identity, name, now_ms)
        if why := self._judge(socket, person):
            if why.code is ErrorCode.BANNED:
                socket.close_later(CloseCode.BANNED)
            return session.refused(why.message, why.code)
        if token is None or not person.account:
            token = self._tokens.issue_guest(person.id, person.name, now_s=now_ms // 1000)
        return session.authenticated(Author(person.id, person.name), token, now_ms)

    def _person(self, socket: WebSocket, identity: Identity | None, name: str | None, now_ms: int) -> Person:
        if identity is None:
            assert name is not None  # hello has the one or the other
            id = GUEST_PREFIX + new_id(now_ms, self._entropy(ENTROPY_BYTES))
            return Person(id, name, address=socket.address)
        if identity.guest:
            return Person(identity.id, name or identity.name, address=socket.address)
        operator = identity.operator
        return Person(identity.id, identity.name, account=True, operator=operator, address=socket.address)
