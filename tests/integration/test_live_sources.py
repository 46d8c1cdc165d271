"""Sources of a real server: takeover, fallback, grace, revoked keys, workers that die."""

import os
import signal
from pathlib import Path
from typing import Any

import psutil

from tests.integration.test_live_recording import again, begin, checked, ready, recorded, source
from tests.support.account import ask, token_of
from tests.support.live_server import LiveServer, heard, live_server
from tests.support.waiting import wait_until


def heard_by(live: LiveServer, name: str) -> dict[str, Any]:
    """Wait until the source of somebody's key is heard."""
    return live.wait(
        "radio", lambda show: (found := heard(show)) and found["name"] == name and show["state"] == "live", 60
    )


def events(live: LiveServer) -> list[str]:
    """What the room was told of its shows."""
    reply = ask(live.server, "GET", "/api/v1/rooms/radio/messages", live.token)
    return [one["event"] for one in reply.json["messages"] if one["type"] == "system"]


def test_takeover_fallback_and_keys(tmp_path: Path) -> None:
    with live_server(tmp_path, live_grace_s=30) as live:
        first = live.key("radio", "--name", "ann")
        spare = live.key("radio", "--name", "bob", "--priority", "5")
        with source(live.url, first) as old:
            show = begin(live)
            with source(live.url, spare), source(live.url, first) as new:
                old.wait(30)
                assert new.poll() is None, "the older one goes"
                heard_by(live, "ann")
                live.wait("radio", lambda show: len(show["cockpit"]["sources"]) == 2)
                new.kill()
                heard_by(live, "bob")
                with source(live.url, first) as third:
                    heard_by(live, "ann")
                    id = live.veza("key", "radio", "--list").split()[0]
                    live.veza("key", "radio", "--revoke", id)
                    third.wait(30)
                    assert heard_by(live, "bob")["show"] == show, "one show, whoever is heard"
        wait_until(lambda: live.look("radio")["state"] == "interrupted", "the interruption")
        assert ask(live.server, "POST", "/api/v1/rooms/radio/live/end", live.token).status == 204
        ready(live.url, show)
        wait_until(lambda: events(live)[-1:] == ["ended"], "the end in the room")
        assert events(live)[0] == "went_live" and events(live)[-2:] == ["interrupted", "ended"]


def test_keys_over_the_api(tmp_path: Path) -> None:
    with live_server(tmp_path) as live:
        ann, bob = token_of(live.server, "ann"), token_of(live.server, "bob")
        keys = "/api/v1/rooms/radio/keys"
        assert ask(live.server, "POST", keys, body={}).status == 401
        made = ask(live.server, "POST", keys, ann, {"label": "desk"})
        assert made.status == 201
        key = made.json
        assert ask(live.server, "POST", keys, bob, {}).status == 403, "it is ann's as long as she has a key"
        assert ask(live.server, "GET", keys, bob).json == {"items": []}
        listed = ask(live.server, "GET", keys, ann).json["items"]
        assert [(one["id"], one["label"], "key" in one) for one in listed] == [(key["id"], "desk", False)]
        with source(live.url, key["key"]) as playing:
            begin(live)
            rotated = ask(live.server, "POST", f"{keys}/{key['id']}/rotate", ann)
            assert rotated.status == 200 and rotated.json["key"] != key["key"]
            playing.wait(30)
        with source(live.url, rotated.json["key"]) as playing:
            heard_by(live, "ann")
            assert ask(live.server, "DELETE", f"{keys}/{key['id']}", bob).status == 404
            assert ask(live.server, "DELETE", f"{keys}/{key['id']}", ann).status == 204
            playing.wait(30)
        assert ask(live.server, "DELETE", f"{keys}/{key['id']}", ann).status == 404
        assert ask(live.server, "POST", "/api/v1/rooms", bob, {"name": "owned"}).status == 201
        assert ask(live.server, "POST", "/api/v1/rooms/owned/keys", ann, {}).status == 403
        assert ask(live.server, "POST", "/api/v1/rooms/owned/keys", bob, {}).status == 201
        assert live.key("owned"), "who has the machine may"


def test_a_show_outlives_its_workers_and_a_restart(tmp_path: Path) -> None:
    with live_server(tmp_path, live_grace_s=60) as live:
        key = live.key("radio")
        with source(live.url, key):
            show = begin(live)
            packaged = recorded(live.url, show, 3_840)["packaged_ms"]
            os.kill(encoder_of(live), signal.SIGKILL)
            live.wait("radio", lambda show: show["cockpit"]["encoders"] >= 2, 60)
            recorded(live.url, show, packaged + 8_000)
            assert live.look("radio")["show"] == show
            assert live.server.stop() == 0
        checked(live)
        live.server = again(live.server, live_grace_s=60)
        assert live.wait("radio", lambda show: show["state"] == "interrupted")["show"] == show
        with source(live.url, key):
            live.wait("radio", lambda show: show["state"] == "live", 60)
        assert ask(live.server, "POST", "/api/v1/rooms/radio/live/end", live.token).status == 204
        assert ready(live.url, show)["duration_ms"] > packaged + 8_000
        checked(live)
        live.server.stop()


def encoder_of(live: LiveServer) -> int:
    """The process of the show's encoder: it was started before that of its source."""
    family = psutil.Process(live.server.pid).children(recursive=True)
    parents = {process.ppid() for process in family}
    workers = [one for one in family if one.pid not in parents and one.ppid() != live.server.pid]
    pid: int = min(workers, key=lambda one: (one.create_time(), one.pid)).pid
    return pid
