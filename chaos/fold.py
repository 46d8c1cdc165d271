"""What becomes of messages when what was done to them is applied in order."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from chaos.history import Shown


@dataclass
class Standing:
    """A message as it stands. Deleted, it has no words and no reactions."""

    body: str
    reactions: set[tuple[str, str]] = field(default_factory=set)  # emoji, author

    def shown(self) -> tuple[str, dict[str, int]]:
        """Its words, and how often each emoji stands there."""
        return self.body, dict(Counter(emoji for emoji, _ in self.reactions))


class Fold:
    """Messages by id, as somebody knows them who was shown some entries without a hole."""

    def __init__(self) -> None:
        self.messages: dict[str, Standing] = {}

    def show(self, entries: Iterable[Shown]) -> None:
        """Apply what comes next. What is done to messages from before is passed over."""
        for entry in entries:
            self._apply(entry)

    def _apply(self, entry: Shown) -> None:
        if entry.kind == "message":
            self.messages[entry.id] = Standing(entry.body)
            return
        message = self.messages.get(entry.id)
        if message is None or not message.body:
            return  # of before, or deleted, and then it stays so
        match entry.kind:
            case "edited" if entry.body:  # else it is deleted further on
                message.body = entry.body
            case "deleted":
                message.body = ""
                message.reactions.clear()
            case "reacted":
                message.reactions.add((entry.emoji, entry.author))
            case "unreacted":
                message.reactions.discard((entry.emoji, entry.author))


def stands(entry: Shown) -> tuple[str, dict[str, int]]:
    """The same of a message as it was read at the end."""
    return entry.body, dict(entry.reactions)
