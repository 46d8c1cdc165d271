"""What can go wrong, in one table: codes of error replies and codes of close frames.

An error reply answers one command and leaves the connection as it was. A close code ends the connection, and
its range alone tells the client what to do next:

| range | after it the client |
|---|---|
| 4000 to 4499, and 1001, 1005, 1006, 1011 to 1013 | reconnects after a delay, and resumes its rooms |
| 4500 to 4999, and every other code | stays away: the same frames would end the same way |
"""

from enum import Enum, IntEnum


class ErrorCode(Enum):
    """`code` of an `error` frame; the value is what goes on the wire, `meaning` is for people."""

    MALFORMED = "malformed", "The frame is not a JSON object in a text frame."
    UNKNOWN_TYPE = "unknown_type", "`type` is missing or names no command."
    INVALID_FIELD = (
        "invalid_field",
        "A field is missing, of the wrong type or beyond its limit; `message` says which.",
    )
    HELLO_FIRST = "hello_first", "A command came before `hello` was answered by `welcome`."
    ALREADY_GREETED = "already_greeted", "A second `hello` on the same connection; the first one stands."
    TOKEN_REFUSED = (
        "token_refused",
        "The token of `hello` is forged, expired or not a token; say `hello` again.",
    )
    NOT_JOINED = "not_joined", "The room was not joined on this connection."
    TOO_MANY_ROOMS = "too_many_rooms", "This connection is in as many rooms as one connection may join."
    TOO_MANY_TRACKS = "too_many_tracks", "This connection watches as many tracks as one connection may watch."
    MESSAGE_UNKNOWN = "message_unknown", "There is no such message in this room."
    MESSAGE_DELETED = "message_deleted", "The message was deleted."
    NOT_YOURS = "not_yours", "Only who wrote the message may do that; a moderator may delete it."
    TOO_MANY_PINS = "too_many_pins", "The room has as many pins as a room may have; unpin one first."
    TOO_MANY_REACTIONS = (
        "too_many_reactions",
        "The message has as many kinds of reactions as it may have, or as many of yours.",
    )
    TRACK_UNKNOWN = "track_unknown", "The track of the link is not here."
    ROOM_FULL = "room_full", "The room has as many members as a room may have."
    NO_SUCH_PERSON = "no_such_person", "Nobody else was ever here with that id."
    DIRECT_REFUSED = (
        "direct_refused",
        "The direct room is of others, or one of the two has blocked the other.",
    )
    TOO_MANY_BLOCKS = "too_many_blocks", "As many people are blocked as one person may block."
    RATE_LIMITED = (
        "rate_limited",
        "Too fast. The command was not carried out; send it again after `retry_ms`.",
    )
    NOT_STORED = (
        "not_stored",
        "The message could not be stored, or nobody can say whether it was; send it again with its nonce.",
    )
    UNAVAILABLE = "unavailable", "The room's history can't be read right now; join again later."
    NAME_TAKEN = (
        "name_taken",
        "The name is an account's or the server's, or looks like one; say `hello` with another.",
    )
    BANNED = "banned", "A moderator keeps this person, or their network, out; `message` says for how long."
    KICKED = "kicked", "A moderator sent this person out of the room; it may be joined again."
    MUTED = "muted", "A moderator lets this person listen only; `message` says for how long."
    PASSWORD_NEEDED = (
        "password_needed",
        "The room is joined with its `password`; none was given, or a wrong one.",
    )
    INVITE_NEEDED = "invite_needed", "The room is joined with an `invite`; none was given, or it has expired."
    MEMBERS_ONLY = "members_only", "The room is for those who have a role in it."
    NOT_A_SPEAKER = "not_a_speaker", "The room does not let everybody speak, and not this person."
    FILTERED = "filtered", "The message has a word or a link that the room does not want; nobody saw it."
    HELD_FULL = "held_full", "As many messages as may wait for a moderator are waiting already."
    KEY_REFUSED = "key_refused", "That is no stream key of this room, or not any more."
    STAGE_FULL = "stage_full", "As many sources as may be are connected already."
    ALREADY_LIVE = "already_live", "A connection carries one recording; end it with `gooff` first."
    SESSION_UNKNOWN = (
        "session_unknown",
        "The recording can't go on: it is over, or was another server's; begin one with a new `session`.",
    )
    NOT_LIVE = "not_live", "This connection carries no recording for that room."
    FORBIDDEN = "forbidden", "It takes a role that this person does not have here."
    UNKNOWN_SLASH = (
        "unknown_slash",
        "There is no such command of the chat line; `message` lists those there are.",
    )
    INVALID_SLASH = "invalid_slash", "A command of the chat line can't be carried out; `message` says why."

    meaning: str

    def __new__(cls, code: str, meaning: str) -> "ErrorCode":
        member = object.__new__(cls)
        member._value_ = code
        member.meaning = meaning
        return member


class CloseCode(IntEnum):
    """Code of a close frame that the server sends; `reason` goes with it, `meaning` is for people."""

    NORMAL = 1000, "", "The client closed; the server answers with the client's own code."
    GOING_AWAY = 1001, "the server is stopping", "The server stops or restarts."
    PROTOCOL_ERROR = (
        1002,
        "protocol error",
        "The client broke RFC 6455: reserved bits, masking, a long control frame.",
    )
    INVALID_TEXT = 1007, "a text frame is not UTF-8", "A text frame held something else than UTF-8."
    TOO_BIG = 1009, "the message is too big", "A message was longer than `max_frame_bytes`."
    INTERNAL = 1011, "internal error", "A fault of the server, which it has logged."
    SLOW_READER = 4000, "reading too slowly", "More than `max_outbox_bytes` waited to be read."
    SILENT = 4001, "no answer to a ping", "Nothing was heard for a whole ping interval."
    HELLO_TIMEOUT = 4002, "no hello", "No `hello` was accepted within `hello_timeout_s`."
    BANNED = 4500, "banned", "An operator keeps this person, or their network, off the server."

    reason: str
    meaning: str

    def __new__(cls, code: int, reason: str, meaning: str) -> "CloseCode":
        member = int.__new__(cls, code)
        member._value_ = code
        member.reason = reason
        member.meaning = meaning
        return member


_TRANSIENT = frozenset({1001, 1005, 1006, 1011, 1012, 1013})


def may_reconnect(code: int) -> bool:
    """Whether a client that was closed with `code` (any, also one of its own library's) should come back."""
    return 4000 <= code <= 4499 or code in _TRANSIENT
