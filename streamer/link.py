"""Tells everybody when this node can't reach the log of the rooms, and when it can again."""

import asyncio
from collections.abc import Callable

from chat.broker import Broker


class LinkWatch:
    """A break is told of when it has lasted `grace_s`: shorter ones cost nobody more than a moment.

    Attributes:
        up: what connections are told; a newcomer is told when it is not.
    """

    def __init__(self, broker: Broker, grace_s: float, tell: Callable[[bool], None]) -> None:
        """Args: `tell` is called with what `up` has become."""
        self.up = True
        self._tell = tell
        self._grace_s = grace_s
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        broker.watch_link(self._hear)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _hear(self, up: bool) -> None:
        self.close()
        self._timer = None
        if not up and self.up:
            self._timer = self._loop.call_later(self._grace_s, self._change, False)
        elif up and not self.up:
            self._change(True)

    def _change(self, up: bool) -> None:
        self.up, self._timer = up, None
        self._tell(up)
