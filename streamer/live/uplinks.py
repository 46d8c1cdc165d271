"""Broadcasts over the chat's WebSocket: recordings that outlive the connections they come over."""

import asyncio

from chat.commands_stage import GoLive, GoOff, Title
from chat.errors import ErrorCode
from chat.events import Event, encode_event
from chat.events_stage import Dismissed, OnAir, Taken, Titled
from chat.limits import ChatLimits
from chat.session import State
from chat.uplink import Gap, NotRecording, TooFast, Uplink, decode_piece
from streamer.attempts import Declined
from streamer.live.line import Admission, Dismissal, KeyRefused, Line, Offer, Stage, StageFull
from streamer.live.uplink_stats import UplinkStats
from streamer.websocket import WebSocket, frame_text
from streamer.wheel import Ticket, TimerWheel

_MAX_STREAMS = 1 << 16
_ACK_EVERY_WINDOWS = 0.25  # at the latest, so that a fast line is never held up by `uplink_ack_s`


class Recording:
    """One session: its line to the stage, and the connection that feeds it now, if any. The stage's `Shell`.

    Attributes:
        stream: what the header of its frames calls it, on the connection of now.
        socket: that connection; None while it is held.
        dismissal: why it is over; None while it is not.
    """

    def __init__(self, owner: "Uplinks", room: str, session: str, admission: Admission) -> None:
        self.room = room
        self.session = session
        self.admission = admission
        self.uplink = Uplink(owner.limits.uplink_window_bytes)
        self.line: Line | None = None
        self.socket: WebSocket | None = None
        self.stream = 0
        self.taken_at_s = 0.0
        self.dismissal: Dismissal | None = None
        self.held: Ticket | None = None
        self.taking: Ticket | None = None
        self._owner = owner

    def dismissed(self, dismissal: Dismissal) -> None:
        """The stage lets go of it: who broadcasts is told, now or when they come back."""
        self.dismissal, self.line = dismissal, None
        self._owner.stats.ended_total[dismissal.code] += 1
        self._owner.ended(self)

    def may_write(self) -> None:
        """The stage has caught up: what came is acknowledged."""
        self._owner.acknowledge(self)


class Uplinks:
    """All recordings that come in over WebSockets.

    Bound: `max_uplinks` recordings, each with what the stage keeps for it. One whose connection broke is held
    for `uplink_hold_s`, silent but open, and so is the word of why it ended.

    Attributes:
        stage: where they go; None until the server has one.
        stats: what came and how it ended.
    """

    def __init__(self, limits: ChatLimits, wheel: TimerWheel) -> None:
        self.limits = limits
        self.stage: Stage | None = None
        self.stats = UplinkStats()
        self._wheel = wheel
        self._recordings: dict[tuple[str, str], Recording] = {}
        self._feeding: dict[WebSocket, Recording] = {}
        self._streams = 0

    def __len__(self) -> int:
        return len(self._recordings)

    async def go_live(self, socket: WebSocket, command: GoLive) -> None:
        """Begin a recording, or go on with one, and tell the client from where on it is wanted.

        Raises:
            Declined, DatabaseFailed: it does not; nothing has changed.
        """
        if self.stage is None:
            raise Declined(ErrorCode.UNAVAILABLE, "the server has no stage yet; try again in a moment")
        feeding = self._feeding.get(socket)
        if feeding is not None and (feeding.room, feeding.session) != (command.room, command.session):
            raise Declined(ErrorCode.ALREADY_LIVE, f"this connection carries a recording for {feeding.room}")
        try:
            admission = await self.stage.admit(command.room, command.key)
        except KeyRefused as error:
            raise Declined(ErrorCode.KEY_REFUSED, str(error)) from None
        if socket.session.state is State.CLOSED:
            return  # it comes again
        recording = self._recordings.get((command.room, command.session))
        if recording is None:
            recording = self._begin(command, admission, self.stage)
        elif recording.admission.key_id != admission.key_id:
            raise Declined(ErrorCode.KEY_REFUSED, "the recording was begun with another key")
        elif command.kept_from > recording.uplink.upto:
            wanted = f"byte {recording.uplink.upto} is wanted next"
            message = f"{wanted}, and kept is what begins with {command.kept_from}"
            raise Declined(ErrorCode.SESSION_UNKNOWN, message)
        else:
            self.stats.resumed_total += recording.socket is not socket
        self._attach(recording, socket)

    def receive(self, socket: WebSocket, payload: bytes) -> bool:
        """Take a binary frame. False if it is no piece of a recording that this connection carries."""
        recording = self._feeding.get(socket)
        try:
            piece = decode_piece(payload)
        except NotRecording:
            return False
        if recording is None or piece.stream != recording.stream:
            return True  # on its way before the client could know that it is over
        try:
            new = recording.uplink.receive(piece.at, piece.data)
        except (Gap, TooFast) as error:
            self._over(recording, "gap" if isinstance(error, Gap) else "too-fast", str(error), complete=False)
            return True
        self.stats.received_bytes += len(new)
        self.stats.resent_bytes += len(piece.data) - len(new)
        line = recording.line
        assert line is not None
        if new:
            line.write(new)
        self._acknowledge_in_time(recording)
        return True

    def go_off(self, socket: WebSocket, command: GoOff) -> None:
        """End a recording. Raises Declined."""
        self._over(self._of(socket, command.room), "over", "you have ended it", complete=True)

    def title(self, socket: WebSocket, command: Title) -> None:
        """Say what plays from here on. Raises Declined."""
        line = self._of(socket, command.room).line
        assert line is not None
        line.title(command.artist, command.title, command.text)
        _tell(socket, Titled(command.room))

    def part(self, socket: WebSocket) -> None:
        """A connection ends: what it carried is held for the next. Idempotent."""
        recording = self._feeding.pop(socket, None)
        if recording is not None:
            self._hold(recording)

    def acknowledge(self, recording: Recording) -> None:
        """Tell the client what it need not keep, if there is something to tell and room for more."""
        recording.taken_at_s = asyncio.get_running_loop().time()
        if recording.socket is None or recording.line is None or recording.line.full:
            return
        if (upto := recording.uplink.acknowledge()) is not None:
            _tell(recording.socket, Taken(recording.stream, upto))

    def ended(self, recording: Recording) -> None:
        """A recording is over, for its `dismissal`."""
        socket, dismissal = recording.socket, recording.dismissal
        assert dismissal is not None
        if socket is None:
            return  # it is told when it comes back, within the hold
        self._detach(recording)
        self._forget(recording)
        _tell(socket, Dismissed(recording.room, recording.session, dismissal.code, dismissal.reason))

    # --- inside

    def _begin(self, command: GoLive, admission: Admission, stage: Stage) -> Recording:
        if command.kept_from:
            message = "the recording is not known here, or not any more; begin another one"
            raise Declined(ErrorCode.SESSION_UNKNOWN, message)
        if len(self._recordings) >= self.limits.max_uplinks:
            message = f"{len(self._recordings)} recordings come in, and may be {self.limits.max_uplinks}"
            raise Declined(ErrorCode.STAGE_FULL, message)
        recording = Recording(self, command.room, command.session, admission)
        media_type = command.media_type.partition(";")[0].strip().lower()
        offer = Offer("browser", media_type=media_type, client=command.client)
        try:
            line = stage.connect(admission, offer, recording)
        except StageFull as error:
            raise Declined(ErrorCode.STAGE_FULL, str(error)) from None
        if recording.dismissal is None:
            recording.line = line
        self._recordings[command.room, command.session] = recording
        return recording

    def _attach(self, recording: Recording, socket: WebSocket) -> None:
        before = recording.socket
        if before is not None and before is not socket:
            self._detach(recording)
            reason = "the recording goes on over another connection"
            _tell(before, Dismissed(recording.room, recording.session, "taken-over", reason))
        if recording.held is not None:
            recording.held.cancel()
            recording.held = None
        recording.socket = socket
        if recording.dismissal is not None:
            self.ended(recording)
            return
        if before is not socket:
            self._streams = (self._streams + 1) % _MAX_STREAMS
            recording.stream = self._streams
        self._feeding[socket] = recording
        recording.uplink.acknowledge()
        upto, window_bytes = recording.uplink.upto, self.limits.uplink_window_bytes
        hold_ms = round(self.limits.uplink_hold_s * 1000)
        _tell(socket, OnAir(recording.room, recording.session, recording.stream, upto, window_bytes, hold_ms))

    def _hold(self, recording: Recording) -> None:
        recording.socket = None

        def expire() -> None:
            self._forget(recording)
            self.stats.ended_total["lost"] += recording.dismissal is None
            if recording.line is not None:
                recording.line.close(complete=False)

        recording.held = self._wheel.schedule(self.limits.uplink_hold_s, expire)

    def _over(self, recording: Recording, code: str, reason: str, *, complete: bool) -> None:
        socket, line = recording.socket, recording.line
        assert socket is not None and line is not None
        self._detach(recording)
        self._forget(recording)
        self.stats.ended_total[code] += 1
        line.close(complete=complete)
        _tell(socket, Dismissed(recording.room, recording.session, code, reason))

    def _detach(self, recording: Recording) -> None:
        if recording.socket is not None:
            self._feeding.pop(recording.socket, None)
            recording.socket = None

    def _forget(self, recording: Recording) -> None:
        self._recordings.pop((recording.room, recording.session), None)

    def _of(self, socket: WebSocket, room: str) -> Recording:
        recording = self._feeding.get(socket)
        if recording is None or recording.room != room:
            raise Declined(ErrorCode.NOT_LIVE, f"this connection carries no recording for {room}")
        return recording

    def _acknowledge_in_time(self, recording: Recording) -> None:
        """Now and then is enough."""
        uplink, limits = recording.uplink, self.limits
        now_s = asyncio.get_running_loop().time()
        due = now_s - recording.taken_at_s >= limits.uplink_ack_s
        many = uplink.upto - uplink.acknowledged >= limits.uplink_window_bytes * _ACK_EVERY_WINDOWS
        if due or many:
            self.acknowledge(recording)
        elif recording.taking is None:

            def take() -> None:
                recording.taking = None
                self.acknowledge(recording)

            recording.taking = self._wheel.schedule(limits.uplink_ack_s, take)


def _tell(socket: WebSocket, event: Event) -> None:
    socket.write(frame_text(encode_event(event)))
