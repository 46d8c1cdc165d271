"""The WebSocket itself: handshakes, frames that break the rules, pings, slow readers, ends."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from chat.limits import ChatLimits
from streamer.hub import WebSocketHub
from tests.support.chat import ChatServer, chat_server, client, eventually
from tests.support.frames import ACCEPT, BINARY, CLOSE, CONT, PING, PONG, TEXT, frame, head, say, wire


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ChatServer]:
    async with chat_server(tmp_path, origins=frozenset({"https://Radio.example"})) as running:
        yield running


async def answer(port: int, request: bytes) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    async with asyncio.timeout(10):
        received = await reader.readuntil(b"\r\n\r\n")
        if not received.startswith(b"HTTP/1.1 101"):
            received += await reader.read()
    writer.transport.abort()
    return received.decode()


# --- handshake


async def test_the_handshake_of_the_rfc(server: ChatServer) -> None:
    response = await answer(server.port, head(server.port, Sec_WebSocket_Extensions="permessage-deflate"))
    assert response.startswith("HTTP/1.1 101 Switching Protocols\r\n")
    assert f"Sec-WebSocket-Accept: {ACCEPT}\r\n" in response
    assert "Extensions" not in response, "frames are shared, so there is no compression"


@pytest.mark.parametrize(
    "origin",
    ["http://127.0.0.1:{port}", "https://127.0.0.1:{port}", "https://radio.example", "HTTPS://RADIO.EXAMPLE"],
)
async def test_pages_of_this_host_and_of_listed_sites_may_connect(server: ChatServer, origin: str) -> None:
    response = await answer(server.port, head(server.port, Origin=origin.format(port=server.port)))
    assert response.startswith("HTTP/1.1 101 ")


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://127.0.0.1",
        "https://radio.example.evil.example",
        "https://x@radio",
    ],
)
async def test_other_pages_may_not(server: ChatServer, origin: str) -> None:
    response = await answer(server.port, head(server.port, Origin=origin))
    assert response.startswith("HTTP/1.1 403 ")
    assert origin in response


async def test_an_operator_may_let_every_page_in(tmp_path: Path) -> None:
    async with chat_server(tmp_path, origins=frozenset({"*"})) as server:
        response = await answer(server.port, head(server.port, Origin="https://evil.example"))
        assert response.startswith("HTTP/1.1 101 ")


async def test_two_origins_are_none(server: ChatServer) -> None:
    twice = head(server.port, Origin=f"http://127.0.0.1:{server.port}\r\nOrigin: https://evil.example")
    assert (await answer(server.port, twice)).startswith("HTTP/1.1 403 ")


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"Sec_WebSocket_Version": "12"}, 400),
        ({"Sec_WebSocket_Key": "short"}, 400),
        ({"Sec_WebSocket_Key": ""}, 400),
        ({"Upgrade": "h2c"}, 426),
        ({"Connection": "close"}, 426),
        ({"X": "y" * 9000}, 431),
        ({"Transfer_Encoding": "chunked"}, 400),
    ],
)
async def test_a_broken_handshake_is_answered(
    server: ChatServer, fields: dict[str, str], status: int
) -> None:
    response = await answer(server.port, head(server.port, **fields))
    assert response.startswith(f"HTTP/1.1 {status} ")
    assert server.hub.stats.handshakes_total[status] == 1
    assert server.hub.stats.connections_open == 0


async def test_a_full_server_says_when_to_come_back(tmp_path: Path) -> None:
    async with chat_server(tmp_path, limits=ChatLimits(max_connections=1)) as server, client(server.url):
        response = await answer(server.port, head(server.port))
        assert response.startswith("HTTP/1.1 503 ")
        assert "\r\nRetry-After: 5\r\n" in response


async def test_more_at_once_than_can_be_greeted_come_one_after_the_other(tmp_path: Path) -> None:
    async with chat_server(tmp_path, limits=ChatLimits(accepts_per_s=0.2, accepts_burst=3)) as server:
        answers = [await answer(server.port, head(server.port)) for _ in range(5)]
        assert [text[:13] for text in answers] == ["HTTP/1.1 101 "] * 3 + ["HTTP/1.1 503 "] * 2
        first_s, second_s = (int(text.partition("Retry-After: ")[2].split()[0]) for text in answers[3:])
        assert 0 < first_s < second_s <= 10
        assert server.hub.stats.handshakes_total == {101: 3, 503: 2}


async def test_frames_may_come_with_the_handshake(server: ChatServer) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(head(server.port) + say("hello", name="ann") + frame(PING, b"x"))
    await reader.readuntil(b"\r\n\r\n")
    async with asyncio.timeout(10):
        received = await reader.readuntil(b"\x8a\x01x")
    assert b'"type":"welcome"' in received
    writer.transport.abort()


# --- frames


async def test_fragments_make_one_message(server: ChatServer) -> None:
    async with wire(server.port) as ann:
        text = json.dumps({"type": "join", "room": "lobby"}).encode()
        ann.write(frame(TEXT, text[:5], fin=False))
        ann.write(frame(PING, b"between"))
        ann.write(frame(CONT, b"", fin=False))
        ann.write(frame(CONT, text[5:], fin=True))
        assert await ann.read_frame() == (PONG, b"between")
        await ann.expect("joined")


async def test_bytes_may_come_one_by_one(server: ChatServer) -> None:
    async with wire(server.port) as ann:
        for byte in say("ping") + frame(PING, b"hm"):
            ann.write(bytes([byte]))
            await ann.writer.drain()
            await asyncio.sleep(0)
        await ann.expect("pong")
        assert await ann.read_frame() == (PONG, b"hm")


async def test_many_frames_may_come_at_once(server: ChatServer) -> None:
    async with wire(server.port) as ann:
        ann.write(say("ping") * 50)
        for _ in range(50):
            await ann.expect("pong")


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (frame(BINARY, b"\x00\x01"), "malformed"),
        (frame(BINARY, b"\xff", fin=False) + frame(CONT, b"\xff"), "malformed"),
        (frame(TEXT, b""), "malformed"),
        (frame(TEXT, b"{"), "malformed"),
        (frame(TEXT, b"[1]"), "malformed"),
        (frame(TEXT, b'{"type":"shout"}'), "unknown_type"),
        (say("join", room="A"), "invalid_field"),
        (say("send", room="lobby", nonce="n", body="x"), "not_joined"),
        (say("leave", room="lobby"), "not_joined"),
        (say("hello", name="eve"), "already_greeted"),
    ],
)
async def test_what_is_wrong_is_answered_and_the_connection_goes_on(
    server: ChatServer, frames: bytes, code: str
) -> None:
    async with wire(server.port) as ann:
        ann.write(frames)
        assert (await ann.expect("error"))["code"] == code
        ann.write(say("ping", unknown={"field": 1}))
        assert abs((await ann.expect("pong"))["now"] - 1e3 * asyncio.get_running_loop().time()) > 0
    assert server.hub.stats.errors_total == {code: 1}


async def test_nothing_goes_before_hello(server: ChatServer) -> None:
    async with wire(server.port, hello=None) as ann:
        for command in (say("ping"), say("join", room="lobby")):
            ann.write(command)
            assert (await ann.expect("error"))["code"] == "hello_first"
        ann.write(say("hello", name="ann"))
        await ann.expect("welcome")


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (frame(TEXT, b"\xc3\x28"), 1007),
        (frame(TEXT, b'{"type":"ping"', fin=False) + frame(CONT, b"\xed\xa0\x80"), 1007),
        (frame(TEXT, b"{}", rsv=4), 1002),
        (frame(TEXT, b"{}", rsv=1), 1002),
        (frame(PING, b"x" * 126), 1002),
        (frame(PING, b"x", fin=False), 1002),
        (frame(3, b"x"), 1002),
        (frame(11, b"x"), 1002),
        (frame(CONT, b"x"), 1002),
        (frame(TEXT, b"a", fin=False) + frame(TEXT, b"b"), 1002),
        (frame(TEXT, b"{}", masked=False), 1002),
        (frame(CLOSE, b"\x03"), 1002),
        (frame(CLOSE, b"\x03\xed"), 1002),  # 1005 is not for the wire
        (frame(CLOSE, b"\x03\xe8\xff"), 1007),
        (frame(TEXT, b"x" * 70_000), 1009),
        (frame(TEXT, b"x" * 40_000, fin=False) + frame(CONT, b"x" * 40_000), 1009),
        (frame(TEXT, b"x", fin=False)[:2] + b"", None),
    ],
)
async def test_broken_rules_end_the_connection_with_their_code(
    server: ChatServer, frames: bytes, code: int | None
) -> None:
    async with wire(server.port) as ann:
        ann.write(frames)
        if code is None:
            ann.writer.write_eof()
            async with asyncio.timeout(10):
                assert await ann.reader.read() == b""
        else:
            assert (await ann.expect_close())[0] == code
    await eventually(lambda: not server.hub.stats.connections_open)
    assert server.hub.stats.closes_total == {code or 1006: 1}


async def test_a_frame_too_large_is_not_waited_for(server: ChatServer) -> None:
    async with wire(server.port) as ann:
        ann.write(frame(TEXT, b"x" * (1 << 20))[:14])
        assert (await ann.expect_close())[0] == 1009
        ann.write(b"x" * (1 << 20))


@pytest.mark.parametrize(
    ("sent", "received"),
    [(b"", None), (b"\x03\xe8", 1000), (b"\x03\xe9bye", 1001), (b"\x0f\xa0", 4000)],
)
async def test_a_close_frame_is_answered_in_kind(
    server: ChatServer, sent: bytes, received: int | None
) -> None:
    async with wire(server.port) as ann:
        ann.write(frame(CLOSE, sent) + say("ping"))
        assert (await ann.expect_close())[0] == received


async def test_a_fault_of_ours_costs_one_connection(
    server: ChatServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    async with wire(server.port) as ann, client(server.url) as bob:
        with monkeypatch.context() as patch:
            patch.setattr(WebSocketHub, "now_ms", fail)
            ann.write(say("ping"))
            assert await ann.expect_close() == (1011, "internal error")
        assert [type(context["exception"]) for context in reported] == [ZeroDivisionError]
        await bob.join("lobby")


# --- time


def looking(server: ChatServer) -> Callable[[], None]:
    """What has the server look at its connections, not by the clock: everybody has the time to answer."""
    lifetimes = server.hub.lifetimes
    lifetimes.stop()
    lifetimes.tick_s = 3600
    return lifetimes._tick


async def test_pings_keep_a_connection_and_find_the_dead(tmp_path: Path) -> None:
    limits = ChatLimits(ping_interval_s=1)
    async with chat_server(tmp_path, limits=limits) as server:
        look = looking(server)
        async with wire(server.port) as silent, client(server.url) as answering:
            look()
            assert await silent.read_frame() == (PING, b"")
            await eventually(lambda: [each.heard for each in server.hub.sockets()].count(True) == 1)
            look()
            assert await silent.expect_close() == (4001, "no answer to a ping")
            await answering.join("lobby")


async def test_who_does_not_say_hello_is_sent_away(tmp_path: Path) -> None:
    limits = ChatLimits(hello_timeout_s=0.05)
    async with chat_server(tmp_path, limits=limits) as server:
        look = looking(server)
        async with wire(server.port, hello=None) as nobody, client(server.url) as ann:
            await asyncio.sleep(limits.hello_timeout_s)
            look()
            assert await nobody.expect_close() == (4002, "no hello")
            await ann.join("lobby")


async def test_who_does_not_answer_a_close_frame_is_cut(tmp_path: Path) -> None:
    limits = ChatLimits(hello_timeout_s=0.05, close_grace_s=0.05)
    async with chat_server(tmp_path, limits=limits) as server:
        server.hub.lifetimes.tick_s = 0.02
        async with wire(server.port, hello=None) as nobody:
            assert await nobody.read_frame() == (CLOSE, b"\x0f\xa2no hello")
            with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
                await nobody.read_frame()


# --- slow readers


async def test_a_slow_reader_is_cut_and_the_others_get_everything(tmp_path: Path) -> None:
    limits = ChatLimits(max_outbox_bytes=300_000, messages_per_s=1e6, messages_burst=10**6)
    body, count, at_once = "x" * 3000, 2000, 40
    async with chat_server(tmp_path, limits=limits) as server, client(server.url, "bob") as bob:
        await bob.join("lobby")
        reader, writer = await asyncio.open_connection(sock=_small_socket(server.port), limit=1 << 16)
        writer.write(head(server.port) + say("hello", name="slow") + say("join", room="lobby"))
        await reader.readuntil(b'"joined"')
        async with client(server.url, "ann") as ann:
            await ann.join("lobby")

            for start in range(0, count, at_once):
                for number in range(start, start + at_once):
                    await ann.say("send", room="lobby", nonce=str(number), body=body)
                await ann.until("message", seq=start + at_once)
                await bob.until("message", seq=start + at_once)
            for fast in (ann, bob):
                seqs = [event["seq"] for event in fast.seen if event["type"] == "message"]
                assert seqs == list(range(1, count + 1))
        assert server.hub.stats.closes_total[4000] == 1
        writer.transport.abort()


async def test_a_slow_reader_learns_why(tmp_path: Path) -> None:
    """What was written before the cut is read, then the close frame comes."""
    limits = ChatLimits(max_outbox_bytes=100_000, close_grace_s=60)
    async with chat_server(tmp_path, limits=limits) as server:
        async with wire(server.port) as slow:
            slow.write(say("watch", track=None))
            await slow.expect("watching")
            track = json.dumps({"id": "t", "title": "x" * 50_000}).encode()
            for _ in range(200):
                server.hub.track_changed("t", track)
            assert server.hub.stats.closes_total[4000] == 1
            kinds = []
            while True:
                opcode, payload = await slow.read_frame()
                if opcode == CLOSE:
                    break
                kinds.append(json.loads(payload)["type"])
            assert payload == b"\x0f\xa0reading too slowly"
            assert set(kinds) == {"track"}
            assert len(kinds) < 200


async def test_a_client_is_never_ahead_of_its_answers(tmp_path: Path) -> None:
    """Large answers that are not read hold back the commands behind them, and cost nobody the connection."""
    limits = ChatLimits(max_outbox_bytes=600_000, commands_burst=10_000, messages_burst=1000)
    async with chat_server(tmp_path, limits=limits) as server, client(server.url, "ann") as ann:
        await ann.join("lobby")
        for number in range(60):
            await ann.send("lobby", str(number), "x" * 4000)
        async with wire(server.port) as slow:
            slow.write(say("join", room="lobby") * 200)
            await eventually(lambda: any(s.congested for s in server.hub.sockets()))
            for _ in range(200):
                assert len((await slow.expect("joined"))["messages"]) == 60
            slow.write(say("ping"))
            await slow.expect("pong")


async def test_who_reads_nothing_for_a_ping_interval_is_cut(tmp_path: Path) -> None:
    limits = ChatLimits(ping_interval_s=1, close_grace_s=0.05, max_outbox_bytes=10**9)
    async with chat_server(tmp_path, limits=limits) as server:
        reader, writer = await asyncio.open_connection(sock=_small_socket(server.port), limit=1 << 16)
        writer.write(head(server.port) + say("hello", name="slow") + say("watch", track=None))
        await reader.readuntil(b'"watching"')
        server.hub.track_changed("t", json.dumps({"title": "x" * 20_000_000}).encode())
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await eventually(lambda: any(s.congested for s in server.hub.sockets()))
        server.hub.lifetimes.tick_s = 0.02
        await eventually(lambda: not server.hub.stats.connections_open)
        assert server.hub.stats.closes_total == {4000: 1}
        writer.transport.abort()


# --- the end


async def test_a_stop_acknowledges_then_says_goodbye(tmp_path: Path) -> None:
    async with chat_server(tmp_path) as server:
        async with wire(server.port) as ann, wire(server.port, hello=None) as mute:
            ann.write(say("join", room="lobby"))
            await ann.expect("joined")
            ann.write(say("send", room="lobby", nonce="n", body="last words"))
            await eventually(lambda: server.hub.stats.commands_total == 3)
            closing = asyncio.ensure_future(server.hub.close(grace_s=10))
            await ann.expect("ack")
            await ann.expect("message")
            assert 0 <= (await ann.expect("drain"))["reconnect_ms"] < 1000
            assert await ann.expect_close() == (1001, "the server is stopping")
            await mute.expect("drain")
            assert await mute.expect_close() == (1001, "the server is stopping")
            await closing
            response = await answer(server.port, head(server.port))
            assert response.startswith("HTTP/1.1 503 ")


async def test_a_stop_does_not_wait_forever(tmp_path: Path) -> None:
    async with chat_server(tmp_path) as server, wire(server.port) as ann:
        start_s = asyncio.get_running_loop().time()
        await server.hub.close(grace_s=0.1)
        assert asyncio.get_running_loop().time() - start_s < 5
        assert server.hub.stats.connections_open <= 1
        await ann.expect("drain")
        assert (await ann.read_frame())[0] == CLOSE


def _small_socket(port: int) -> socket.socket:
    """A connection that can hold little of what is not read."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", port))
    connection.setblocking(False)
    return connection
