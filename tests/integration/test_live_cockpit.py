"""The cockpit over the WebSocket, to who may see it."""

from pathlib import Path
from typing import Any

from chat.order import Order
from chat.roles import Person
from streamer.live.view import ListenerCounts, LiveLinks, LiveRoom
from tests.support.chat import chat_server, client, eventually


class Sight:
    """A room where nothing is on."""

    looks = 0

    def look(self, room: str, *, prefix: str = "", cockpit: bool = False) -> LiveRoom:
        assert cockpit and not prefix
        self.looks += 1
        nothing: dict[str, Any] = dict.fromkeys(("since", "show", "host", "began_at", "title", "cockpit"))
        return LiveRoom(
            **nothing,
            room=room,
            state="ended",
            name="",
            now=1,
            renditions=[],
            listeners=ListenerCounts(self.looks, 0, 0, 0),
            links=LiveLinks("", "", None, None, None, None),
            rtmp_port=None,
        )


async def test_who_may_is_sent_it_until_they_leave(tmp_path: Path) -> None:
    async with chat_server(tmp_path) as server:
        tower = server.hub.desk.watchtower
        tower.tick()
        sight = Sight()
        tower.sight = sight

        def may(room: str, _order: Order, person: Person) -> bool:
            return room == "lobby" and person.name == "ann"

        tower.may = may
        async with client(server.url, "ann") as ann, client(server.url, "bob") as bob:
            for someone in (ann, bob):
                await someone.join("lobby")
            await bob.say("cockpit", room="lobby")
            assert (await bob.expect("error"))["code"] == "forbidden"
            await ann.say("cockpit", room="lobby")
            told = await ann.until("cockpit", room="lobby")
            assert told["show"]["state"] == "ended" and told["show"]["listeners"]["total"] == 1
            tower.tick()
            assert (await ann.until("cockpit"))["show"]["listeners"]["total"] == 2
            await ann.say("cockpit", room="lobby", on=False)
            await ann.say("cockpit", room="lobby")
            await ann.until("cockpit")
            await ann.say("leave", room="lobby")
            await ann.until("left")
            await eventually(lambda: not tower.watched)
            looks = sight.looks
            tower.tick()
            assert sight.looks == looks, "nobody looks"
