"""Debian's Firefox, headless, driven over WebDriver BiDi (W3C), which it speaks without a driver program."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

STOP_TIMEOUT_S = 20
_LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
_PREFERENCES = {
    "media.autoplay.default": 0,  # 0: sound may start by itself
    "app.update.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
}


class BiDiError(Exception):
    """Firefox answered a command with an error."""


class Firefox:
    """One tab. Every method waits for Firefox's answer."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ids = count(1)
        self._tab = ""

    async def begin(self) -> None:
        await self._call("session.new", capabilities={})
        tree = await self._call("browsingContext.getTree")
        self._tab = tree["contexts"][0]["context"]

    async def open(self, url: str) -> None:
        await self._call("browsingContext.navigate", context=self._tab, url=url, wait="complete")

    async def evaluate(self, expression: str) -> Any:
        """The value of an expression: null, a boolean, a number or a string. A promise is awaited."""
        answer = await self._call(
            "script.evaluate",
            expression=expression,
            target={"context": self._tab},
            awaitPromise=True,
            userActivation=True,
        )
        if answer["type"] == "exception":
            raise BiDiError(answer["exceptionDetails"]["text"])
        return answer["result"].get("value")

    async def _call(self, method: str, **params: Any) -> Any:
        number = next(self._ids)
        await self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            answer = json.loads(await self._socket.recv())
            if answer.get("id") == number:
                break  # what came before it were events
        if answer["type"] == "error":
            raise BiDiError(f"{method}: {answer['message']}")
        return answer["result"]


@asynccontextmanager
async def running_firefox(
    profile: Path, preferences: Mapping[str, bool | int | str] | None = None
) -> AsyncIterator[Firefox]:
    """Firefox for the length of an `async with`, in a profile of its own with `preferences` beside ours."""
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    assert program, "firefox-esr is missing: run scripts/setup test"
    profile.mkdir()
    wanted = _PREFERENCES | dict(preferences or {})
    lines = (f"user_pref({json.dumps(key)}, {json.dumps(value)});\n" for key, value in wanted.items())
    (profile / "user.js").write_text("".join(lines))
    command = [
        program,
        "--headless",
        "--no-remote",
        "--profile",
        str(profile),
        "--remote-debugging-port",
        "0",
    ]
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"HOME": str(profile)},
    )
    assert process.stderr is not None
    try:
        address = next(match[1] for line in process.stderr if (match := _LISTENING.search(line)))
        async with connect(address + "/session", max_size=None) as socket:
            firefox = Firefox(socket)
            await firefox.begin()
            yield firefox
    finally:
        process.terminate()
        process.wait(STOP_TIMEOUT_S)
        process.stderr.close()
