"""The states of a track, and what takes it from one to the next."""

from enum import Enum, StrEnum


class State(StrEnum):
    """Where a track is. The names are the API's."""

    RECEIVING = "receiving"
    PACKAGING = "packaging"
    LIVE = "live"
    READY = "ready"
    FAILED = "failed"


class Event(Enum):
    """What happened to a track."""

    BODY_RECEIVED = "the whole upload is on disk"
    BODY_CUT = "the upload ended early"
    PACKAGED = "every rendition is complete, and so is the upload"
    TAKEN_OVER = "a track with the same bytes is ready, and this one shares its media"
    MEDIA_REFUSED = "the file can't become a track"
    WORK_BROKE = "packaging failed, and the file is not to blame"
    SERVER_RESTARTED = "the process that worked on it is gone"
    FILES_LOST = "its files are not where they were"
    MEDIA_LOST = "its renditions are lost, its source is not: they are made again"
    SHOW_ENDED = "the show that it records is over, or its recording is"
    FILES_FOUND = "they are back: the disk was not there when the server looked"


# A pair that is missing can't happen; `advance` says so loudly.
TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.RECEIVING, Event.BODY_RECEIVED): State.PACKAGING,
    (State.RECEIVING, Event.BODY_CUT): State.FAILED,
    (State.RECEIVING, Event.MEDIA_REFUSED): State.FAILED,
    (State.RECEIVING, Event.WORK_BROKE): State.FAILED,
    (State.RECEIVING, Event.SERVER_RESTARTED): State.FAILED,
    (State.PACKAGING, Event.PACKAGED): State.READY,
    (State.PACKAGING, Event.TAKEN_OVER): State.READY,
    (State.PACKAGING, Event.MEDIA_REFUSED): State.FAILED,
    (State.PACKAGING, Event.WORK_BROKE): State.FAILED,
    # The source is whole and packaging gives the same bytes every time: do it again.
    (State.PACKAGING, Event.SERVER_RESTARTED): State.PACKAGING,
    (State.PACKAGING, Event.FILES_LOST): State.FAILED,
    (State.LIVE, Event.SHOW_ENDED): State.READY,
    (State.LIVE, Event.FILES_LOST): State.FAILED,
    (State.READY, Event.FILES_LOST): State.FAILED,
    (State.READY, Event.WORK_BROKE): State.FAILED,  # the database did not take the last step
    (State.READY, Event.MEDIA_LOST): State.PACKAGING,
    (State.FAILED, Event.MEDIA_LOST): State.PACKAGING,
    (State.FAILED, Event.FILES_FOUND): State.READY,
    # A worker may refuse the head of a file while its tail still arrives.
    (State.FAILED, Event.BODY_RECEIVED): State.FAILED,
    (State.FAILED, Event.BODY_CUT): State.FAILED,
}


def advance(state: State, event: Event) -> State:
    """The state after `event`.

    Raises:
        AssertionError: the event can't happen in this state. Our fault.
    """
    after = TRANSITIONS.get((state, event))
    assert after is not None, f"{event.name} can't happen to a track that is {state}"
    return after
