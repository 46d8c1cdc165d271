"""Stopping: what is in flight ends well, what does not is taken up later, and the exit code is 0."""

import asyncio
import signal
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.support.api import get_json, upload, wait_for_track
from tests.support.audio import make_tone
from tests.support.long import make_long
from tests.support.server import LADDER, STOP_TIMEOUT_S, Server, running_server, start_server
from tests.support.waiting import wait_until
from tests.support.wire import Wire

TRACKS = "/api/v1/tracks"


def test_an_upload_in_flight_is_finished(tmp_path: Path) -> None:
    data = make_tone(tmp_path / "tone.wav", seconds=10).read_bytes()
    server = start_server(tmp_path / "data")
    with Wire(server.url) as wire, Wire(server.url) as idle:
        assert idle.request("GET", "/healthz").status == 200
        wire.begin("POST", f"{TRACKS}?filename=a.wav&ref=r", {"Content-Length": str(len(data))})
        wire.socket.sendall(data[:100_000])
        wait_until(lambda: get_json(f"{server.url}{TRACKS}?ref=r")["items"], "begun")
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: refuses(server), "the port is closed")
        assert idle.socket.recv(1) == b"", "an idle connection is closed at once"
        wire.socket.sendall(data[100_000:])
        reply = wire.reply()
        assert reply.status == 201
    assert server.process.wait(STOP_TIMEOUT_S) == 0
    with running_server(tmp_path) as server:
        assert wait_for_track(server.url, reply.json["id"])["state"] == "ready"


def test_an_upload_that_does_not_end_is_cut_and_says_so(tmp_path: Path) -> None:
    server = start_server(tmp_path / "data", stop_grace_s="0.5")
    with Wire(server.url) as wire:
        wire.begin("POST", f"{TRACKS}?filename=a.wav&ref=r", {"Content-Length": "1000000"})
        wire.socket.sendall(b"RIFF")
        (track,) = wait_until(lambda: get_json(f"{server.url}{TRACKS}?ref=r")["items"], "begun")
        assert server.stop() == 0
    with running_server(tmp_path) as server:
        failed = get_json(f"{server.url}{TRACKS}/{track['id']}")
        assert (failed["state"], failed["reason"]) == (
            "failed",
            "the server stopped while the upload was running",
        )
    assert not list((tmp_path / "data" / "tracks").iterdir())


def test_packaging_that_does_not_end_is_taken_up_by_the_next_start(tmp_path: Path) -> None:
    song = make_long(tmp_path / "long.wav", times=10)
    server = start_server(tmp_path / "data", stop_grace_s=0, renditions=LADDER)
    track = upload(server.url, song)
    assert server.stop() == 0
    with running_server(tmp_path) as server:
        assert wait_for_track(server.url, track["id"])["state"] == "ready"


def test_sigterm_under_load_exits_0(tmp_path: Path) -> None:
    tone = make_tone(tmp_path / "tone.flac", seconds=8)
    server = start_server(tmp_path / "data")
    track = wait_for_track(server.url, upload(server.url, tone)["id"])
    paths = [track["links"]["hls"], track["links"]["self"], track["links"]["source"], "/metrics"]
    stopping, wrong = threading.Event(), list[str]()
    served = [0] * 4

    def load(number: int) -> None:
        try:
            while True:
                with urllib.request.urlopen(server.url + paths[number], timeout=10) as answer:
                    whole = len(answer.read()) == int(answer.headers["Content-Length"])
                    if not whole:
                        wrong.append(paths[number])
                served[number] += 1
        except (OSError, urllib.error.URLError) as error:
            if not stopping.is_set():
                wrong.append(repr(error))

    threads = [threading.Thread(target=load, args=(number,)) for number in range(len(paths))]
    for thread in threads:
        thread.start()
    wait_until(lambda: min(served) > 20, "load")
    stopping.set()
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 10
    for thread in threads:
        thread.join()
    assert wrong == []
    assert "Traceback" not in server.log


async def test_sockets_are_told_that_the_server_goes_away(tmp_path: Path) -> None:
    server = await asyncio.to_thread(start_server, tmp_path / "data")
    async with connect(server.url.replace("http", "ws") + "/ws") as socket:
        await socket.send('{"type":"hello","name":"ann","token":null}')
        assert '"welcome"' in str(await socket.recv())
        server.process.send_signal(signal.SIGTERM)
        try:
            while True:
                await socket.recv()
        except ConnectionClosed as closed:
            assert closed.rcvd is not None
            assert closed.rcvd.code == 1001
    assert await asyncio.to_thread(server.process.wait, STOP_TIMEOUT_S) == 0


def test_asked_twice_it_stops_at_once(tmp_path: Path) -> None:
    server = start_server(tmp_path / "data", stop_grace_s=600)
    with Wire(server.url) as wire:
        wire.begin("POST", f"{TRACKS}?filename=a.wav&ref=r", {"Content-Length": "1000000"})
        wire.socket.sendall(b"RIFF")
        wait_until(lambda: get_json(f"{server.url}{TRACKS}?ref=r")["items"], "begun")
        server.process.send_signal(signal.SIGINT)
        wait_until(lambda: refuses(server), "the port is closed")
        assert server.stop(signal.SIGINT) == 128 + signal.SIGINT


def refuses(server: Server) -> bool:
    try:
        Wire(server.url).socket.close()
    except ConnectionRefusedError:
        return True
    return False
