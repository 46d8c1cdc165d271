"""What moderators look at: messages that are held, and what was reported."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import RowMapping

from chat.acts import Decide, Report
from chat.broker import Draft, LogUnavailable, Outcome, Stored
from chat.errors import ErrorCode
from chat.fields import Author
from chat.roles import Person
from streamer.history import History
from streamer.people_rows import drop_held, note_people, read_held, read_reports, report, settle_report
from streamer.subjects import ActRefused, SubjectMissing, Subjects
from streamer.warden import Warden, Word


class Reviews:
    """Lets held messages through or throws them away; takes reports, and has them settled."""

    def __init__(self, warden: Warden, subjects: Subjects, history: History) -> None:
        self._warden = warden
        self._subjects = subjects
        self._history = history

    async def held(self, room: str, subject: str | None = None) -> Sequence[RowMapping]:
        """What waits: all, or one by id, or all of somebody's. Raises DatabaseFailed."""
        since_ms = self._warden.now_ms() - round(self._warden.limits.held_ttl_s * 1000)
        return await self._warden.orders.run(read_held, room, since_ms, subject)

    async def decide(self, actor: Person, room: str, act: Decide) -> str:
        """Let through, or not, what waits. Returns what was done, in words.

        Raises:
            ActRefused: nothing such waits, or the log can't be written.
        """
        rows = await self.held(room, act.subject)
        if not rows:
            raise SubjectMissing(f"nothing of {act.subject} waits here")
        if act.approve:
            # First they are known, so that what they say next does not wait behind what they said first.
            people = ("room", "author_id", "account", "network")
            known = [
                {name: row[name] for name in people} | {"name": row["author_name"], "at": row["at"]}
                for row in rows
            ]
            await self._warden.orders.run(note_people, known)
            await self._catch_up(room)
            for row in rows:
                await self._store(row)
        verb = "approve" if act.approve else "reject"
        names = ", ".join(sorted({row["author_name"] for row in rows}))
        deed = self._warden.deed(actor, room, verb, rows[0]["author_id"], names, f"{len(rows)} messages")
        # After they are stored: who approves again after a crash finds them here, and in the log.
        await self._warden.orders.run(drop_held, deed, [row["id"] for row in rows])
        return f"{len(rows)} of {names}: {'let through' if act.approve else 'thrown away'}"

    async def reports(self, room: str) -> Sequence[RowMapping]:
        """What nobody has settled yet, oldest first. Raises DatabaseFailed."""
        return await self._warden.orders.run(read_reports, room)

    async def report(self, actor: Person, room: str, act: Report) -> str:
        """Keep a report, and tell the moderators. Returns what was done, in words. Raises ActRefused."""
        message = await self._history.find(room, act.subject)
        if message is not None:
            whom: dict[str, Any] = {"author_id": message.author_id, "message_id": message.id}
            whom |= {"name": None, "body": message.body}
            shown = f"message {message.id}"
        else:
            subject = await self._subjects.find(room, act.subject)
            whom = {"author_id": subject.id, "message_id": None, "name": subject.name, "body": ""}
            shown = subject.name
        row = {
            "id": self._warden.new_id(),
            "room": room,
            "reason": act.reason,
            "by_id": actor.id,
            "by_name": actor.name,
            "at": self._warden.now_ms(),
            **whom,
        }
        if await self._warden.orders.run(report, row, self._warden.limits.reports_per_room):
            reason = f": {act.reason}" if act.reason else ""
            text = f"{actor.name} reports {shown}{reason}"
            self._warden.tell(Word("notice", room, code="review", text=text))
        return f"the moderators know of {shown}"

    async def settle(self, actor: Person, room: str, report_id: str) -> bool:
        """A moderator has seen to a report. Returns whether there was one. Raises DatabaseFailed."""
        deed = self._warden.deed(actor, room, "settle_report", None, report_id)
        return await self._warden.orders.run(settle_report, deed, report_id)

    async def _catch_up(self, room: str) -> None:
        """What was let through before, by anybody, can be found. Raises ActRefused."""
        try:
            await self._warden.broker.caught_up(room)
        except LogUnavailable as error:
            raise ActRefused(ErrorCode.NOT_STORED, f"the log can't be read right now: {error}") from None

    async def _store(self, row: RowMapping) -> None:
        """Put a message into the log, once: of a moment ago its nonce says so, of longer ago its id."""
        if await self._history.find(row["room"], row["id"]) is not None:
            return
        author = Author(row["author_id"], row["author_name"])
        more: dict[str, Any] = msgspec.json.decode(row["more"]) if row["more"] else {}
        at = self._warden.now_ms()
        draft = Draft(row["room"], row["nonce"], author, row["id"], at, body=row["body"], more=more)
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

        def settle(came: Outcome) -> None:
            if not outcome.done():
                outcome.set_result(came)

        self._warden.broker.append(draft, settle)
        if not isinstance(await outcome, Stored):
            raise ActRefused(ErrorCode.NOT_STORED, "the message could not be stored; try again")
