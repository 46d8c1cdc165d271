"""The newest part of a room's log in memory, and what somebody who comes back is given from it."""

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import islice

from msgspec import Struct

from chat.broker import Entry, Page, Position
from chat.entries import blank, deletion, edited, is_message, says
from chat.limits import ChatLimits


class Ready(Struct, frozen=True):
    """Answered from memory.

    Attributes:
        entries: what to show, oldest first; the last one is the newest there is.
        recovered: these are exactly the missed ones.
        gap: first and last seq of what can't be shown, or None. From 0 when the log began anew since.
    """

    entries: Sequence[Entry]
    recovered: bool
    gap: tuple[int, int] | None


class Wait(Struct, frozen=True):
    """The log must be read first: `Broker.read(room, after, limit)`, then `Tail.load`."""

    after: int | None
    limit: int


class Fresh(Struct, frozen=True):
    """The next entries for everyone, in order and without a hole before them; maybe none.

    `then` is the read that is needed to go on, if there is a hole behind them.
    """

    entries: Sequence[Entry]
    then: Wait | None = None


class Lost(Struct, frozen=True):
    """What everyone had seen no longer touches the log: each must be given a gap from `since`."""

    since: Position


def merge(recovered: Page, buffered: Iterable[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Put what was read and what was delivered meanwhile into one order.

    Args:
        buffered: deliveries of the same epoch, ascending; they may repeat the page, or begin after a hole.

    Returns:
        Consecutive entries, each once; and those that lie beyond a hole.
    """
    merged = list(recovered.entries)
    stranded: list[Entry] = []
    next_seq = recovered.seq + 1
    for entry in buffered:
        if entry.seq == next_seq and not stranded:
            merged.append(entry)
            next_seq += 1
        elif entry.seq > next_seq:
            stranded.append(entry)
    return merged, stranded


class Tail:
    """Consecutive entries that end at the newest one known, bounded in number and bytes.

    What is delivered before its predecessors are known is held back, the newest `resume_messages` of it.
    """

    __slots__ = (
        "_bytes",
        "_early",
        "_early_epoch",
        "_entries",
        "_limits",
        "_reached",
        "epoch",
        "loaded",
        "seq",
    )

    def __init__(self, limits: ChatLimits) -> None:
        self._limits = limits
        self._entries: deque[Entry] = deque()
        self._bytes = 0
        self._early: deque[Entry] = deque(maxlen=limits.resume_messages)
        self._early_epoch = ""
        self._reached: int | None = None  # the log was read back to here; what is not held does not fit
        self.loaded = False
        self.epoch = ""
        self.seq = 0

    def locate(self, since: Position | None) -> Ready | Wait:
        """Judge what somebody gets who has seen the log up to `since`, or nothing."""
        if not self.loaded:
            return self._first()
        if since is None:
            return Ready(self._newest(), False, None)
        if since.epoch != self.epoch and since.seq > 0:
            page = self._newest()
            return Ready(page, False, (0, self.seq - len(page)))
        if since.seq > self.seq:
            return Ready(self._newest(), False, (self.seq + 1, since.seq))
        missed = self.seq - since.seq
        if missed <= len(self._entries):
            return Ready(tuple(islice(self._entries, len(self._entries) - missed, None)), True, None)
        if missed <= self._limits.resume_messages and (self._reached is None or since.seq < self._reached):
            # For all who come back at once, however far behind each of them is, the log is read once.
            return Wait(max(0, self.seq - self._limits.resume_messages), self._limits.resume_messages)
        page = self._newest()
        return Ready(page, False, (since.seq + 1, self.seq - len(page)))

    def find(self, id: str) -> Entry | None:
        """The message with an id, if it is held: as it was said, or without words if it was deleted."""
        return next((entry for entry in self._entries if is_message(entry, id)), None)

    def receive(self, epoch: str, entries: Sequence[Entry]) -> Fresh | Wait | Lost:
        """Take a delivery."""
        if self.loaded and epoch != self.epoch:
            since = Position(self.epoch, self.seq)
            self.loaded = False
            self._hold(epoch, entries)
            return Lost(since)
        if not self.loaded:
            self._hold(epoch, entries)
            return self._first()
        merged, stranded = merge(Page(epoch, self.seq, ()), entries)
        merged = self._append(merged)
        if stranded:
            self._hold(epoch, stranded)
        return Fresh(merged, self._fill() if stranded else None)

    def load(self, page: Page, after: int | None) -> Fresh | Lost:
        """Take what was read because of a `Wait`, with its `after`. Ask `locate` again afterwards."""
        seen = Position(self.epoch, self.seq)
        same = self.loaded and page.epoch == self.epoch
        held = list(self._entries) if same else []
        early = self._early if self._early_epoch == page.epoch else ()
        # Either the page is older than a change of epochs or the deliveries are: another read will tell.
        doubtful = len(self._early) > len(early)
        floor = held[0].seq - 1 if held else self.seq
        if same and page.seq < floor:  # so much came meanwhile that the page no longer touches
            page = Page(page.epoch, floor, ())
        merged, stranded = merge(page, [*held, *early])
        first = page.entries[0].seq if page.entries else page.seq + 1
        lost = self.loaded and not (same and first <= seen.seq + 1)
        if not lost:
            merged = [entry for entry in held if entry.seq < first] + merged
        merged = self._restart(page, merged, after)
        self._hold(page.epoch, stranded)
        if lost:
            return Lost(seen)
        fresh = [entry for entry in merged if entry.seq > seen.seq] if same else ()
        return Fresh(fresh, self._first() if doubtful else self._fill() if stranded else None)

    def _first(self) -> Wait:
        return Wait(None, self._limits.history_messages)

    def _fill(self) -> Wait:
        return Wait(self.seq, self._limits.resume_messages)

    def _newest(self) -> Sequence[Entry]:
        page: list[Entry] = []
        size_bytes = 0
        for entry in islice(reversed(self._entries), self._limits.history_messages):
            size_bytes += len(entry.payload)
            if size_bytes > self._limits.history_bytes:
                break
            page.append(entry)
        page.reverse()
        return page

    def _hold(self, epoch: str, entries: Sequence[Entry]) -> None:
        if epoch != self._early_epoch or not entries:
            self._early.clear()
        self._early_epoch = epoch
        self._early.extend(entries)

    def _restart(self, page: Page, entries: Sequence[Entry], after: int | None) -> list[Entry]:
        if not (self.loaded and self.epoch == page.epoch):
            self._reached = None
        if after is not None:
            self._reached = after if self._reached is None else min(after, self._reached)
        self._entries.clear()
        self._bytes = 0
        self.loaded, self.epoch, self.seq = True, page.epoch, page.seq
        return self._append(entries)

    def _append(self, entries: Iterable[Entry]) -> list[Entry]:
        """Keep entries, and return them as they may be shown."""
        shown: list[Entry] = []
        for entry in map(self._judge, entries):
            shown.append(entry)
            self._entries.append(entry)
            self._bytes += len(entry.payload)
            self.seq = entry.seq
            if (deleted := deletion(entry)) is not None:
                self._blank(*deleted)
        while self._bytes > self._limits.resume_bytes or len(self._entries) > self._limits.resume_messages:
            self._bytes -= len(self._entries.popleft().payload)
        return shown

    def _judge(self, entry: Entry) -> Entry:
        """An edit that crossed the deletion of its message, on another node, has no words."""
        id = edited(entry)
        if id is not None:
            for earlier in self._entries:
                gone = deletion(earlier)
                if gone is not None and gone[0] == id:
                    return blank(entry, gone[1])
        return entry

    def _blank(self, id: str, at: int) -> None:
        """Whoever resumes is not shown the words of a message that was deleted since."""
        for place, entry in enumerate(self._entries):
            if says(entry, id):
                blanked = blank(entry, at)
                self._entries[place] = blanked
                self._bytes += len(blanked.payload) - len(entry.payload)
