"""A client that looks after the rooms, in lines that are sent again until they are answered."""

from chaos.client import Client
from chaos.history import Said
from chaos.lines import line


class Keeper(Client):
    """Has to have an operator's token."""

    def act(self, room: str) -> None:
        nonce = self.next_nonce()
        self.begin(Said(room, nonce, line(int(nonce.rpartition("-")[2])), "line"))
