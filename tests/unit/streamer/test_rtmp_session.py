import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.ingest.rtmp import chunks, messages
from streamer.ingest.rtmp.amf import decode
from streamer.ingest.rtmp.audio import read_tag
from streamer.ingest.rtmp.chunks import Message
from streamer.ingest.rtmp.events import Closed, Described, Event, Heard, PublishAsked, Unpublished
from streamer.ingest.rtmp.session import ServerSession, State
from tests.support.rtmp import AAC_FRAME, AAC_START, Client
from tests.support.stage import KEY

ENTROPY = bytes(range(256)) * 12


class Talk:
    """A client and a session, without a line between them."""

    def __init__(self, scheme: int | None = None) -> None:
        self.client, self.session = Client(scheme), ServerSession(ENTROPY)
        self.say(self.client.begin())
        assert self.client.shaken

    def say(self, data: bytes) -> list[Event]:
        events = list(self.session.receive_data(data))
        self.hear()
        return events

    def hear(self) -> None:
        back = self.client.feed(self.session.data_to_send())
        if back:
            self.say(back)

    def publish(self) -> None:
        self.say(self.client.connect())
        assert self.say(self.client.publish()) == [PublishAsked(KEY, "FMLE/3.0")]
        self.session.accept()
        self.hear()


@pytest.mark.parametrize("scheme", [None, 0, 1])
def test_a_show_from_hello_to_goodbye(scheme: int | None) -> None:
    talk = Talk(scheme)
    client = talk.client
    talk.publish()
    assert client.codes == [
        "NetConnection.Connect.Success",
        "NetStream.Publish.Start",  # onFCPublish
        "NetStream.Publish.Start",
    ]
    named = [values[0] for values in client.commands]
    assert named == ["_result", "_result", "_result", "onFCPublish", "_result", "onStatus"]
    described = talk.say(client.metadata(encoder="obs-output module", title="Dawn"))
    assert described == [Described({"encoder": "obs-output module", "title": "Dawn"})]
    talk.say(client.video(0, b"\x17" + bytes(5_000)))
    assert talk.say(client.audio(0, AAC_START) + client.audio(5, AAC_FRAME)) == [
        Heard(0, read_tag(AAC_START)),
        Heard(5, read_tag(AAC_FRAME)),
    ]
    assert talk.session.video_bytes == 5_001
    assert talk.say(client.call("FCUnpublish", 6, None, KEY)) == [Unpublished()]
    assert talk.say(client.call("deleteStream", 7, None, 1)) == []
    assert client.codes[-1] == "NetStream.Unpublish.Success"
    assert talk.session.state is State.CONNECTED


def test_what_a_client_is_told_first() -> None:
    talk = Talk()
    talk.say(talk.client.connect(objectEncoding=3.0))
    kinds = [message.type for message in talk.client.told]
    assert kinds == [
        chunks.WINDOW_ACK_SIZE,
        chunks.SET_PEER_BANDWIDTH,
        chunks.SET_CHUNK_SIZE,
        chunks.COMMAND_AMF0,
    ]
    [(name, transaction, server, info)] = talk.client.commands
    assert (name, transaction) == ("_result", 1.0)
    assert isinstance(server, dict) and isinstance(info, dict)
    assert info["objectEncoding"] == 3.0
    assert "capsEx" not in info


@pytest.mark.parametrize("wish", [{"capsEx": 3.0}, {"fourCcList": ["*"]}, {"audioFourCcInfoMap": {"*": 4.0}}])
def test_a_client_of_enhanced_rtmp_is_told_what_can_be_decoded(wish: dict) -> None:
    talk = Talk()
    talk.say(talk.client.connect(**wish))
    info = talk.client.commands[0][-1]
    assert isinstance(info, dict)
    assert info["capsEx"] == 7.0
    assert info["audioFourCcInfoMap"] == dict.fromkeys(["mp4a", "Opus", "fLaC", ".mp3", "ac-3", "ec-3"], 1.0)
    assert info["videoFourCcInfoMap"] == {"*": 1.0}
    four_ccs = info["fourCcList"]
    assert isinstance(four_ccs, list)
    assert "mp4a" in four_ccs and "hvc1" in four_ccs


@pytest.mark.parametrize("app", ["live", "live/", "/live", "live?a=b"])
def test_the_app_may_have_slashes_and_parameters(app: str) -> None:
    talk = Talk()
    assert talk.say(talk.client.connect(app)) == []
    assert talk.client.codes == ["NetConnection.Connect.Success"]


@pytest.mark.parametrize("app", ["", "vod", "live2", "live/den"])
def test_another_app_is_refused_with_words(app: str) -> None:
    talk = Talk()
    [closed] = talk.say(talk.client.connect(app))
    assert isinstance(closed, Closed)
    assert talk.client.codes == ["NetConnection.Connect.Rejected", "NetConnection.Connect.Closed"]
    assert talk.client.commands[0][:2] == ["_error", 1.0]
    assert talk.client.words == (
        f"{app!r} is no application of this server: use rtmp://HOST/live with the stream key as stream name"
    )
    assert talk.say(talk.client.publish()) == []


@pytest.mark.parametrize("name", [KEY, f"{KEY}?backup=1", f"/{KEY}", f"{KEY}/"])
def test_the_key_is_the_name_without_parameters(name: str) -> None:
    talk = Talk()
    talk.say(talk.client.connect())
    assert talk.say(talk.client.publish(name)) == [PublishAsked(KEY, "FMLE/3.0")]


@pytest.mark.parametrize("arguments", [(), (None,), (5.0,), ("a" * 1_000,)])
def test_what_is_no_name_is_no_key(arguments: tuple) -> None:
    talk = Talk()
    talk.say(talk.client.connect())
    asked = talk.say(talk.client.call("publish", 5, None, *arguments, stream=1))
    assert asked == [PublishAsked("", "FMLE/3.0")]


def test_a_key_is_not_in_the_text_of_an_event() -> None:
    assert KEY not in repr(PublishAsked(KEY, "obs"))


def test_a_key_that_is_refused() -> None:
    talk = Talk()
    talk.say(talk.client.connect())
    talk.say(talk.client.publish())
    talk.session.refuse("BadName", "that is no stream key")
    talk.hear()
    assert talk.client.codes[-1] == "NetStream.Publish.BadName"
    assert talk.client.words == "that is no stream key"
    assert talk.session.over
    talk.session.accept()
    talk.session.refuse("BadName", "twice")
    assert talk.session.data_to_send() == b""


def test_a_client_that_does_not_wait_for_its_answer_loses_nothing() -> None:
    talk = Talk()
    client = talk.client
    sent = client.connect() + client.publish() + client.metadata(a=1.0) + client.audio(0, AAC_START)
    assert talk.say(sent) == [PublishAsked(KEY, "FMLE/3.0")]
    assert talk.session.kept_bytes > 0
    talk.session.accept()
    assert talk.say(client.audio(0, AAC_FRAME)) == [
        Described({"a": 1.0}),
        Heard(0, read_tag(AAC_START)),
        Heard(0, read_tag(AAC_FRAME)),
    ]
    assert talk.session.kept_bytes == 0


def test_what_is_held_while_a_key_is_judged_is_bounded() -> None:
    talk = Talk()
    talk.say(talk.client.connect() + talk.client.publish())
    most = 0
    while not talk.session.over:
        events = talk.say(talk.client.audio(0, bytes(50_000)))
        most = max(most, talk.session.kept_bytes)
    assert isinstance(events[-1], Closed)
    assert "before its key was judged" in talk.client.words
    assert most < 1_200_000


def test_play_is_refused_politely() -> None:
    talk = Talk()
    talk.say(talk.client.connect())
    assert talk.say(talk.client.call("play", 5, None, "den", stream=1)) == []
    assert talk.client.codes[-1] == "NetStream.Play.StreamNotFound"
    assert not talk.session.over


def test_commands_are_answered_by_their_number() -> None:
    talk = Talk()
    client = talk.client
    talk.say(client.connect())
    for number, name in enumerate(("releaseStream", "createStream", "_checkbw", "getStats"), 2):
        talk.say(client.call(name, number, None))
    assert [values[:2] for values in client.commands[1:]] == [
        ["_result", 2.0],
        ["_result", 3.0],
        ["_result", 4.0],
        ["_error", 5.0],
    ]
    assert client.commands[2][-1] == 1.0
    before = len(client.commands)
    talk.say(client.call("onSomething", 0, None))
    assert len(client.commands) == before


def test_a_ping_is_answered() -> None:
    talk = Talk()
    talk.say(talk.client.connect())
    talk.say(talk.client.writer.write(2, messages.ping(77)))
    talk.say(talk.client.writer.write(2, messages.stream_begins(1)))
    assert talk.client.told[-1].payload == struct.pack(">HI", 7, 77)
    talk.session.ping(99)
    talk.hear()
    assert talk.client.told[-1].payload == struct.pack(">HI", 6, 99)


def test_what_came_is_acknowledged() -> None:
    talk = Talk()
    talk.publish()
    talk.client.writer.chunk_bytes = 4_096
    talk.say(talk.client.writer.write(2, messages.set_chunk_size(4_096)))
    for _ in range(30):
        talk.say(talk.client.video(0, bytes(50_000)))
    [told] = [message for message in talk.client.told if message.type == chunks.ACKNOWLEDGEMENT]
    assert 1_000_000 <= int.from_bytes(told.payload, "big") < 1_060_000


@pytest.mark.parametrize(("window", "most"), [(20_000, 11_000), (0, 5_000), (1 << 31, 1_011_000)])
def test_5_4_4_a_client_with_a_small_window_is_answered_as_often(window: int, most: int) -> None:
    talk = Talk()
    talk.publish()
    asked = Message(chunks.WINDOW_ACK_SIZE, 0, 0, window.to_bytes(4, "big"), 4)
    talk.say(talk.client.writer.write(2, asked))
    while not talk.client.told[-1].type == chunks.ACKNOWLEDGEMENT:
        talk.say(talk.client.video(0, bytes(1_000)))
    assert int.from_bytes(talk.client.told[-1].payload, "big") < most


def test_commands_and_data_of_amf3() -> None:
    talk = Talk()
    client = talk.client
    talk.say(client.connect(objectEncoding=3.0))
    asked = b"\0" + messages.command("publish", 5, None, KEY).payload
    assert talk.say(client.media(chunks.COMMAND_AMF3, 0, asked)) == [PublishAsked(KEY, "FMLE/3.0")]
    talk.session.accept()
    told = b"\0\x02\0\x0aonMetaData\x11\x0a\x0b\x01\x0bwidth\x04\x05\x01"
    assert talk.say(client.media(chunks.DATA_AMF3, 0, told)) == [Described({"width": 5.0})]


def test_7_1_6_an_aggregate_is_taken_apart() -> None:
    talk = Talk()
    talk.publish()

    def part(kind: int, time_ms: int, body: bytes) -> bytes:
        head = bytes((kind,)) + len(body).to_bytes(3, "big") + time_ms.to_bytes(3, "big") + bytes(4)
        return head + body + (11 + len(body)).to_bytes(4, "big")

    payload = part(8, 500, AAC_START) + part(9, 500, b"video") + part(8, 521, AAC_FRAME) + part(22, 0, b"")
    assert talk.say(talk.client.media(chunks.AGGREGATE, 1_000, payload)) == [
        Heard(1_000, read_tag(AAC_START)),
        Heard(1_021, read_tag(AAC_FRAME)),
    ]
    assert talk.session.video_bytes == 5


@pytest.mark.parametrize("cut", [5, 14])
def test_7_1_6_an_aggregate_that_ends_early(cut: int) -> None:
    whole = b"\x08\0\0\x04" + bytes(7) + AAC_START + b"\0\0\0\x0f"
    talk = Talk()
    talk.publish()
    events = talk.say(talk.client.media(chunks.AGGREGATE, 0, whole[:cut]))
    assert isinstance(events[-1], Closed)
    assert talk.client.codes[-1] == "NetStream.Publish.Failed"


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (messages.command("publish", 1, None, KEY), "the first command is connect, not 'publish'"),
        (Message(20, 0, 0, b"\x05", 1), "a command begins with its name"),
        (Message(20, 0, 0, b"", 0), "a command begins with its name"),
        (Message(20, 0, 0, b"\x02\0", 2), "AMF ends"),
    ],
)
def test_a_client_that_begins_otherwise_is_told(sent: Message, reason: str) -> None:
    talk = Talk()
    [closed] = talk.say(talk.client.writer.write(3, sent))
    assert isinstance(closed, Closed)
    assert reason in closed.reason
    assert reason in talk.client.words
    assert talk.client.codes == ["NetConnection.Connect.Failed"]


def test_a_connection_publishes_one_stream() -> None:
    talk = Talk()
    talk.publish()
    events = talk.say(talk.client.call("publish", 9, None, KEY, stream=1))
    assert events == [Closed("a connection publishes one stream")]


def test_a_stream_may_be_published_again_when_it_is_over() -> None:
    talk = Talk()
    talk.publish()
    talk.say(talk.client.call("closeStream", 0, None, stream=1))
    assert talk.say(talk.client.publish("other")) == [PublishAsked("other", "FMLE/3.0")]


def test_endless_commands_before_a_stream() -> None:
    talk = Talk()
    talk.say(talk.client.connect())
    for number in range(300):
        talk.say(talk.client.call("createStream", number + 2, None))
    assert talk.session.over
    assert "more than 200 commands" in talk.client.words


def test_media_without_a_stream_goes_nowhere() -> None:
    talk = Talk()
    talk.say(talk.client.connect())
    assert talk.say(talk.client.audio(0, AAC_START) + talk.client.metadata(a=1.0)) == []


def test_metadata_that_is_none() -> None:
    talk = Talk()
    talk.publish()
    client = talk.client
    for payload in (b"", b"\x05", b"\x02\0\x0aonMetaData", b"\x02\0\x0aonMetaData\x05"):
        assert talk.say(client.media(chunks.DATA_AMF0, 0, payload)) == []


def test_who_understands_it_is_asked_to_come_again() -> None:
    talk = Talk()
    talk.say(talk.client.connect(capsEx=1.0))
    talk.session.request_reconnect("the server stops")
    talk.session.close("status", "NetConnection.Connect.Closed", "the server stops")
    talk.hear()
    assert talk.client.codes[-2:] == [
        "NetConnection.Connect.ReconnectRequest",
        "NetConnection.Connect.Closed",
    ]
    plain = Talk()
    plain.say(plain.client.connect())
    plain.session.request_reconnect("the server stops")
    assert plain.session.data_to_send() == b""


def test_what_is_no_rtmp_is_told_nothing() -> None:
    session = ServerSession(ENTROPY)
    [closed] = session.receive_data(b"GET / HTTP/1.1\r\n\r\n")
    assert closed == Closed("RTMP begins with version 3, not with 71")
    assert session.data_to_send() == b""
    assert list(session.receive_data(b"more")) == []
    session.ping(1)
    assert session.data_to_send() == b""


def recording() -> bytes:
    """All that a client says that does not wait."""
    client, session = Client(), ServerSession(ENTROPY)
    first = client.begin()
    list(session.receive_data(first))
    return (
        first
        + client.feed(session.data_to_send())
        + client.connect()
        + client.publish()
        + client.metadata(encoder="x")
        + client.audio(0, AAC_START)
        + b"".join(client.audio(21 * n, AAC_FRAME) + client.video(21 * n, bytes(300)) for n in range(10))
        + client.call("deleteStream", 6, None, 1)
    )


RECORDED = recording()


def replay(data: bytes, pieces: list[int]) -> list[Event]:
    session, events, at = ServerSession(ENTROPY), [], 0
    for size in [*pieces, len(data)]:
        events += session.receive_data(data[at : at + size])
        session.accept()
        at += size
    events += session.receive_data(b"")
    return events


@given(st.lists(st.integers(1, 1_700), max_size=40))
def test_a_show_is_the_same_in_any_pieces(pieces: list[int]) -> None:
    events = replay(RECORDED, pieces)
    assert events == replay(RECORDED, [])
    assert [type(event) for event in events] == [PublishAsked, Described, *[Heard] * 11, Unpublished]


def test_the_recording_has_a_key() -> None:
    assert decode(messages.command("publish", 5, None, KEY).payload)[-1] == KEY
