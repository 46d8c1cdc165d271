"""Several nodes without a Redis: brokers in one process that hear each other's whispers, and nothing else.

Each has a log and a database of its own, so this is only for what is never stored.
"""

from streamer.broker_memory import MemoryBroker
from streamer.journal import Journal


class Air:
    """What carries whispers, until it is `still`; then they are lost."""

    def __init__(self) -> None:
        self.still = False
        self.brokers: list[WhisperingBroker] = []

    def broker(self, journal: Journal) -> "WhisperingBroker":
        return WhisperingBroker(journal, self)


class WhisperingBroker(MemoryBroker):
    def __init__(self, journal: Journal, air: Air) -> None:
        super().__init__(journal)
        self._air = air
        air.brokers.append(self)

    def whisper(self, room: str, payload: bytes) -> None:
        for broker in self._within_earshot():
            MemoryBroker.whisper(broker, room, payload)

    def tell(self, topic: str, payload: bytes) -> None:
        for broker in self._within_earshot():
            MemoryBroker.tell(broker, topic, payload)

    def _within_earshot(self) -> "list[WhisperingBroker]":
        return [self] if self._air.still else self._air.brokers
