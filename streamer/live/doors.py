"""Whether who wants to listen must have been let in first."""

from streamer.orders import Orders


class OrderDoors:
    """Rooms are as open as their order says, see `shelf.Doors`."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders

    def is_open(self, room: str) -> bool | None:
        """Whether everybody may listen; None if that is not known here: then `learn` it."""
        order = self._orders.get(room)
        return None if order is None else order.policy.entry == "open"

    async def learn(self, room: str) -> None:
        """Read what holds in a room. Raises DatabaseFailed."""
        await self._orders.load(room)
