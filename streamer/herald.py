"""Tells rooms what happens: `system` events, which have a place in the log like what people say."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Literal

from chat.broker import Broker, Draft, Outcome
from chat.fields import Author

SYSTEM = Author("system", "Veza")  # no token has this id: accounts are "user-...", guests "guest-..."

SystemEvent = Literal["now_playing", "went_live", "interrupted", "back", "ended", "order"]


class Herald:
    """Puts system events into logs, for every part of the server."""

    def __init__(self, broker: Broker, now_ms: Callable[[], int], make_id: Callable[[], str]) -> None:
        """Args: `now_ms` is milliseconds since the epoch."""
        self._broker = broker
        self._now_ms = now_ms
        self._make_id = make_id

    async def announce(
        self, room: str, event: SystemEvent, fields: Mapping[str, Any], *, nonce: str | None = None
    ) -> Outcome:
        """Tell a room, and have it in the room's history.

        Args:
            fields: what is to be known of it, of types that JSON has.
            nonce: the same for the same happening: told twice within five minutes, on any node, it is told
                once. A new one if None.

        Returns:
            How it ended; NotStored can be tried again with the same nonce.

        Cancelling it does not take the event back.
        """
        id = self._make_id()
        more = {"event": event, "fields": dict(fields)}
        draft = Draft(room, nonce or id, SYSTEM, id, self._now_ms(), "system", more=more)
        settled: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        def settle(outcome: Outcome) -> None:
            if not settled.done():
                settled.set_result(outcome)

        self._broker.append(draft, settle)
        return await settled
