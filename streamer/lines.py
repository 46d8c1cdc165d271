"""What is said to the server in the chat line, each line carried out once however often it is sent."""

from collections.abc import Callable

from msgspec.structs import asdict

from chat.acts import AnyAct, Show
from chat.roles import Person
from streamer.attempts import Turns
from streamer.lane import DatabaseFailed
from streamer.line_rows import Line, Repeated, keep_answer, read_answer
from streamer.moderator import Moderator
from streamer.subjects import ActRefused
from streamer.warden import Asking, Warden

_LOST = "it was carried out before; what was answered is lost"


class Lines:
    """Promises for lines what `chat/broker.py` does for messages: done once for a nonce, for `NONCE_TTL_S`,
    on whichever node it is sent again, also after a crash. What was refused is judged anew.
    """

    def __init__(self, warden: Warden, moderator: Moderator) -> None:
        self._warden = warden
        self._moderator = moderator
        self._turns = Turns()

    async def carry_out(
        self, person: Person, room: str, nonce: str, act: AnyAct, tell: Callable[[str], None]
    ) -> None:
        """Do what a line asks for, unless that was done; `tell` is called with what is answered.

        Raises:
            ActRefused, DatabaseFailed: as `Moderator.carry_out`.
        """
        if isinstance(act, Show):
            tell((await self._moderator.carry_out(person, room, act)).text)
            return
        line = Line(room, person.id, nonce, self._warden.new_id())
        async with self._turns.of((room, person.id, nonce)):
            answer = await self._read(line)
            if answer is None:
                await self._attempt(person, line, act, tell)
            else:
                tell(answer)

    async def _attempt(self, person: Person, line: Line, act: AnyAct, tell: Callable[[str], None]) -> None:
        asking = Asking(**asdict(person), line=line)
        try:
            answer = (await self._moderator.carry_out(asking, line.room, act)).text
        except (ActRefused, DatabaseFailed, Repeated):
            # Another node may have been quicker: then this is refused because it is so already.
            earlier = await self._read(line)
            if earlier is None:
                raise
            tell(earlier)
            return
        tell(answer)  # before everybody sees what was done
        try:
            await self._warden.orders.run(keep_answer, line, answer, self._warden.now_ms())
        except DatabaseFailed:
            pass  # it is done, and that is noted

    async def _read(self, line: Line) -> str | None:
        answer = await self._warden.orders.run(read_answer, line, self._warden.now_ms())
        return _LOST if answer == "" else answer
