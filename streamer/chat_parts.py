"""Puts the parts of the chat together."""

from sqlalchemy.ext.asyncio import AsyncEngine

from chat.limits import ChatLimits
from streamer.auth import Tokens
from streamer.chat_log import ChatLog
from streamer.gatekeeper import Gatekeeper
from streamer.history import History
from streamer.hub import WebSocketHub
from streamer.lane import Lane
from streamer.limits import trusted_networks
from streamer.persons import Persons
from streamer.room_desk import RoomDesk
from streamer.route import Route
from streamer.routes_order import OrderRoutes
from streamer.routes_policies import PolicyRoutes
from streamer.routes_rooms import RoomRoutes
from streamer.settings import Settings
from streamer.wheel import TimerWheel

_ORDER_THREADS = 2  # one may wait for the disk while others read


def make_room_desk(hub: WebSocketHub, gatekeeper: Gatekeeper) -> RoomDesk:
    """Who knows who asks, and what they may do."""
    return RoomDesk(hub.warden, hub.moderator, hub.people.directs, hub.peers, gatekeeper)


def room_routes(hub: WebSocketHub, desk: RoomDesk) -> list[Route]:
    """The API of rooms."""
    parts = (PolicyRoutes(desk), OrderRoutes(desk), RoomRoutes(hub.desk, desk.check_reader))
    return [route for part in parts for route in part.routes()]


def make_hub(
    settings: Settings,
    engine: AsyncEngine,
    log: ChatLog,
    tokens: Tokens,
    wheel: TimerWheel,
    limits: ChatLimits,
) -> WebSocketHub:
    """The hub as the settings want it. Its warden must be loaded before anybody is let in."""
    hub = WebSocketHub(
        broker=log.broker,
        history=History(engine, limits),
        order=Lane(engine, "veza-order", _ORDER_THREADS),
        persons=Persons(engine),
        tokens=tokens,
        wheel=wheel,
        limits=limits,
        origins=frozenset(origin.lower() for origin in settings.origins),
        trusted_proxies=trusted_networks(settings),
    )
    log.share_tracks(hub.watchers)
    return hub
