import msgspec
import pytest

from hls.report import AnyReport, Finished, PeaksCut, Refused
from streamer.worker_channel import Channel
from streamer.worker_process import HEADER, HEARTBEAT, MAX_FRAME_BYTES


class Clock:
    """As much of an event loop as taking frames apart needs."""

    now = 100.0

    def time(self) -> float:
        return self.now


class Socket:
    """A transport that notes what is done to it."""

    def __init__(self) -> None:
        self.reading = True
        self.aborted = False
        self.written = b""
        self.fails: Exception | None = None
        self.queued = b""

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def abort(self) -> None:
        self.aborted = True

    def is_closing(self) -> bool:
        return self.aborted

    def send(self, data: bytes) -> int:
        if self.fails is not None:
            raise self.fails
        self.written += data
        return len(data)

    def write(self, data: bytes) -> None:
        self.queued += data


def connected() -> tuple[Channel, Socket]:
    socket = Socket()
    channel = Channel(Clock(), socket.send)  # type: ignore[arg-type]
    channel.connection_made(socket)  # type: ignore[arg-type]
    return channel, socket


def frame(report: AnyReport) -> bytes:
    data = msgspec.msgpack.encode(report)
    return HEADER.pack(len(data)) + data


def received(channel: Channel, count: int) -> list[AnyReport | None]:
    """The next reports, all of which must be there already."""
    found = []
    for _ in range(count):
        with pytest.raises(StopIteration) as done:
            channel.receive().send(None)
        found.append(done.value.value)
    return found


def test_reports_come_out_however_the_bytes_came_in():
    reports = [Refused("no"), PeaksCut(48_000, 512, bytes(700)), Finished(12)]
    data = HEARTBEAT + b"".join(map(frame, reports))
    for split in range(len(data)):
        channel, _ = connected()
        channel.data_received(data[:split])
        channel.data_received(data[split:])
        assert received(channel, 3) == reports


def test_every_byte_is_a_sign_of_life():
    channel, _ = connected()
    channel._loop.now = 107.5
    channel.data_received(HEARTBEAT)
    assert channel.heard_at == 107.5


@pytest.mark.parametrize(
    "data",
    [
        HEADER.pack(MAX_FRAME_BYTES + 1),
        HEADER.pack(3) + b"abc",
        HEADER.pack(6) + msgspec.msgpack.encode({"a": "b"}).ljust(6, b"\0"),
        frame(Finished(1))[:4] + b"\xff" * 40,
    ],
)
def test_what_is_no_report_ends_the_conversation(data):
    channel, socket = connected()
    channel.data_received(data)
    assert socket.aborted
    assert channel.trouble.startswith("the worker said something that is no report: ")


def test_who_does_not_listen_makes_the_worker_wait():
    channel, socket = connected()
    channel.data_received(frame(Finished(1)) * 63)
    assert socket.reading
    channel.data_received(frame(Finished(1)))
    assert not socket.reading
    received(channel, 63)
    assert not socket.reading
    channel._loop.now = 200.0
    received(channel, 1)
    assert socket.reading
    assert channel.heard_at == 200.0  # its silence was not its fault


def test_a_closed_channel_gives_what_it_has_and_then_none():
    channel, socket = connected()
    channel.data_received(frame(Finished(1)))
    channel.connection_lost(None)
    assert received(channel, 2) == [Finished(1), None]
    channel.close()
    assert socket.aborted


def test_words_that_say_the_same_are_not_queued():
    channel, socket = connected()
    channel.say(b"g")
    socket.fails = BlockingIOError()
    channel.say(b"g")
    channel.insist(b"c")
    assert (socket.written, socket.queued) == (b"g", b"c")
    channel.close()
    channel.insist(b"c")
    assert (socket.written, socket.queued) == (b"g", b"c")


@pytest.mark.parametrize("gone", [BrokenPipeError, ConnectionResetError])
def test_a_worker_that_hears_nothing_any_more_is_still_listened_to(gone: type[OSError]):
    channel, socket = connected()
    socket.fails = gone()
    channel.say(b"g")
    channel.insist(b"c")
    assert not socket.aborted
    channel.data_received(frame(Finished(1)))
    assert received(channel, 1) == [Finished(1)]


def test_nothing_is_said_before_there_is_a_socket():
    channel = Channel(Clock(), Socket().send)  # type: ignore[arg-type]
    channel.say(b"g")
    channel.insist(b"c")
    channel.close()
