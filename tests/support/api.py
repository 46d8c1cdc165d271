"""The HTTP API as a test uses it, with nothing but the standard library."""

import json
import time
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import quote

TIMEOUT_S = 60
_POLL_S = 0.05


def get_json(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:
        return json.load(answer)


def send_json(url: str, body: Any, method: str = "POST") -> Any:
    """Send a JSON body; the answer's, if it has one."""
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, data=json.dumps(body).encode(), headers=headers, method=method)
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
        return json.loads(answer.read() or b"null")


def download(url: str, path: Path) -> Path:
    """GET a file; where it was put."""
    with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:
        path.write_bytes(answer.read())
    return path


def upload(server_url: str, path: Path) -> dict[str, Any]:
    """POST a file as a raw body and return the track."""
    url = f"{server_url}/api/v1/tracks?filename={quote(path.name)}"
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(path.stat().st_size)}
    with path.open("rb") as body:
        request = urllib.request.Request(url, data=body, headers=headers, method="POST")
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            assert answer.status == 201
            track: dict[str, Any] = json.load(answer)
            return track


def wait_for_track(server_url: str, track_id: str, *states: str) -> dict[str, Any]:
    """The track, once it is in one of `states` (by default: ready or failed)."""
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        track: dict[str, Any] = get_json(f"{server_url}/api/v1/tracks/{track_id}")
        if track["state"] in (states or ("ready", "failed")):
            return track
        assert time.monotonic() < deadline, track
        time.sleep(_POLL_S)
