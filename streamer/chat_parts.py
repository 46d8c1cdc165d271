"""Puts the parts of the chat together."""

from sqlalchemy.ext.asyncio import AsyncEngine

from chat.broker import Broker
from chat.limits import ChatLimits
from streamer.auth import Tokens
from streamer.history import History
from streamer.hub import WebSocketHub
from streamer.settings import Settings
from streamer.wheel import TimerWheel


def make_hub(
    settings: Settings,
    engine: AsyncEngine,
    broker: Broker,
    tokens: Tokens,
    wheel: TimerWheel,
    limits: ChatLimits,
) -> WebSocketHub:
    """The hub, and what it needs of the database. Made on the running loop."""
    return WebSocketHub(
        broker=broker,
        history=History(engine, limits),
        tokens=tokens,
        wheel=wheel,
        limits=limits,
        origins=frozenset(origin.lower() for origin in settings.origins),
    )
