"""Everybody is told when the server has lost its log, and when it has it again."""

from collections.abc import Callable
from pathlib import Path

from chat.limits import ChatLimits
from streamer.broker_memory import MemoryBroker
from tests.support.chat import chat_server, client


class Breaking(MemoryBroker):
    """A log whose link breaks when it is told to."""

    def watch_link(self, told: Callable[[bool], None]) -> None:
        if not hasattr(self, "watchers"):
            self.watchers: list[Callable[[bool], None]] = []
        self.watchers.append(told)

    def told(self, up: bool) -> None:
        for told in self.watchers:
            told(up)


async def test_everybody_is_told_and_a_newcomer_too(tmp_path: Path) -> None:
    limits = ChatLimits(link_grace_s=0.05)
    async with (
        chat_server(tmp_path, limits=limits, make_broker=Breaking) as server,
        client(server.url, "ann") as ann,
        client(server.url, None) as silent,
    ):
        assert isinstance(server.broker, Breaking)
        server.broker.told(False)
        await ann.expect("link", up=False)
        async with client(server.url, "bob") as bob:
            await bob.expect("link", up=False)
            server.broker.told(True)
            for someone in (ann, bob):
                await someone.expect("link", up=True)
        await silent.say("hello", name="eve")
        await silent.expect("welcome")
        await silent.say("ping")
        await silent.hear()
        assert silent.seen[-1]["type"] == "pong"


async def test_a_short_break_is_nobodys_concern(tmp_path: Path) -> None:
    limits = ChatLimits(link_grace_s=3600)
    async with (
        chat_server(tmp_path, limits=limits, make_broker=Breaking) as server,
        client(server.url, "ann") as ann,
    ):
        assert isinstance(server.broker, Breaking)
        for up in (False, False, True, True, False):
            server.broker.told(up)
        await ann.say("ping")
        await ann.hear()
        assert ann.seen[-1]["type"] == "pong"
