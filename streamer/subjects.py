"""Who is meant by a name, or an id, in a room."""

from dataclasses import dataclass
from ipaddress import ip_network

from chat.errors import ErrorCode
from chat.networks import Network, own_network
from streamer.greeting import GUEST_PREFIX
from streamer.people_rows import find_people
from streamer.warden import Warden

_MAX_SHOWN = 5


class ActRefused(Exception):
    """It is not done. The text is for who asked; `code` says what kind of no it is."""

    def __init__(self, code: ErrorCode, message: str, retry_ms: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.retry_ms = retry_ms


class SubjectMissing(ActRefused):
    """Nobody, or nothing, is called that, or several are."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.INVALID_SLASH, message)


@dataclass(frozen=True, slots=True)
class Subject:
    """Somebody that an act is about.

    Attributes:
        id: None for a network.
        network: of a guest, if it is known, or the network itself.
    """

    id: str | None
    name: str
    account: bool
    network: Network | None


class Subjects:
    """Finds people who are in a room, have spoken in it, have a role in it, or have an account."""

    def __init__(self, warden: Warden) -> None:
        self._warden = warden

    async def find(self, room: str, subject: str) -> Subject:
        """The one who is meant: by id, or by a name that only one has, or only one who is here.

        Raises:
            SubjectMissing: nobody, or several.
            DatabaseFailed
        """
        visitors, orders = self._warden.visitors, self._warden.orders
        await visitors.write()
        here = self._here(room, subject)
        rows = await orders.run(find_people, room, subject)
        known: dict[str, Subject] = dict(here)
        for row in rows:
            id = row["author_id"]
            account = not id.startswith(GUEST_PREFIX) if row["account"] is None else bool(row["account"])
            network = ip_network(row["network"]) if row["network"] else None
            there = known.get(id)
            if there is None or there.network is None:
                known[id] = Subject(id, there.name if there else row["name"], account, network)
        if len(known) > 1 and len(here) == 1:
            known = {id: known[id] for id in here}
        if len(known) > 1:
            shown = ", ".join(list(known)[:_MAX_SHOWN])
            message = f"{len(known)} people are called {subject}; say which by id: {shown}"
            raise SubjectMissing(message)
        for found in known.values():
            return found
        if subject.startswith((GUEST_PREFIX, "user-")):
            return Subject(subject, subject, not subject.startswith(GUEST_PREFIX), None)
        raise SubjectMissing(f"nobody called {subject} is here or has spoken here")

    def _here(self, room: str, subject: str) -> dict[str, Subject]:
        """Of those who are in the room: on this node with the network they have now, else without one."""
        found = {}
        for id, name in self._warden.rooms.names(room).items():
            if subject == id or subject.casefold() == name.casefold():
                found[id] = Subject(id, name, not id.startswith(GUEST_PREFIX), None)
        for socket in self._warden.members(room):
            person = socket.person
            assert person is not None
            if subject == person.id or subject.casefold() == person.name.casefold():
                network = None if person.account else own_network(person.address)
                found[person.id] = Subject(person.id, person.name, person.account, network)
        return found
