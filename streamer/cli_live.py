"""`veza live`: sends a recording as it plays, or a microphone, to a room, over any number of connections."""

import contextlib
import math
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from rich.console import Console
from rich.live import Live

from hls.ffmpeg.relay import Relay, RelayedPacket
from hls.job import MediaRefused
from streamer.cli_live_line import LineBroken, LiveLine, Unwanted
from streamer.pacing import Pacer

_FIRST_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 5.0
_QUEUED_PACKETS = 256
_DEVICES = ("alsa", "pulse")
_BAR_DB = 60
_SHOWN_EVERY_S = 0.25
_LOOK_S = 0.5


class SourceMissing(Exception):
    """There is nothing to send; the text says why."""


def go_live(room: str, source: str, server: str, key: str, bitrate: int | None, name: str) -> int:
    """Send until the source ends, or somebody ends it here. Returns the exit code.

    Args:
        source: a file, `-` for standard input, or `alsa:NAME` or `pulse:NAME`.
        bitrate: bits per second of Opus; None leaves the sound as it is.
    """
    screen, stopped = _Screen(), _stopped_by_signals()
    try:
        with _opened(source) as (file, live), contextlib.closing(Relay(file, bitrate)) as relay:
            line = LiveLine(server, room, key, relay.media_type, name or relay.title)
            with screen:
                return _Sender(relay, line, screen, stopped, live=live).run(f"{line.address}/r/{room}")
    except (SourceMissing, MediaRefused, Unwanted, ValueError) as error:
        screen.complain(str(error))
    except OSError as error:
        screen.complain(f"{source}: {error.strerror or error}")
    return 1


def _stopped_by_signals() -> threading.Event:
    """Is set by Ctrl-C, and by SIGTERM; whoever asks again a second later does not want to wait."""
    stopped = threading.Event()
    asked_s: list[float] = []

    def stop(number: int, _frame: object) -> None:
        asked_s.append(time.monotonic())
        if asked_s[-1] - asked_s[0] > 1:
            sys.exit(128 + number)
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    return stopped


@contextlib.contextmanager
def _opened(source: str) -> Iterator[tuple[str | BinaryIO, bool]]:
    """What to read, and whether it comes by itself and waits for nobody."""
    system, colon, device = source.partition(":")
    if source == "-":
        yield sys.stdin.buffer, False
    elif Path(source).exists():
        yield source, False
    elif not colon or system not in _DEVICES:
        raise SourceMissing(f"{source}: no such file, and no device, such as alsa:default or pulse:default")
    elif (ffmpeg := shutil.which("ffmpeg")) is None:
        raise SourceMissing("sound cards are read with ffmpeg, which is not installed here")
    else:
        command = [ffmpeg, "-nostdin", "-v", "error", "-f", system, "-i", device or "default"]
        # A session of its own: Ctrl-C is for us, and we end it.
        with subprocess.Popen(
            [*command, "-f", "wav", "-"], stdout=subprocess.PIPE, start_new_session=True
        ) as process:
            assert process.stdout is not None
            try:
                yield cast(BinaryIO, process.stdout), True
            finally:
                process.terminate()


class _Reader(threading.Thread):
    """Reads ahead. What comes by itself is thrown away, oldest first, while nobody takes it.

    Bound: 256 packets.
    """

    def __init__(self, relay: Relay, *, live: bool) -> None:
        super().__init__(daemon=True)
        self._relay = relay
        self._live = live
        self._packets: queue.Queue[RelayedPacket | Exception | None] = queue.Queue(_QUEUED_PACKETS)

    def run(self) -> None:
        end: Exception | None = None
        try:
            for packet in self._relay.packets():
                while self._live and self._packets.full():
                    with contextlib.suppress(queue.Empty):
                        self._packets.get_nowait()
                self._packets.put(packet)
        except Exception as error:
            end = error
        self._packets.put(end)

    def next(self, timeout_s: float) -> RelayedPacket | None:
        """The next packet, or None at the end. Raises MediaRefused; queue.Empty: none has come in time."""
        packet = self._packets.get(timeout=timeout_s)
        if isinstance(packet, Exception):
            raise packet
        return packet


class _Sender:
    def __init__(
        self, relay: Relay, line: LiveLine, screen: "_Screen", stopped: threading.Event, *, live: bool
    ) -> None:
        self._stopped = stopped
        self._relay = relay
        self._line = line
        self._screen = screen
        self._live = live
        self._pacer = Pacer()
        self._reader = _Reader(relay, live=live)
        self._out = bytearray()

    def run(self, page: str) -> int:
        self._reader.start()
        pause_s = _FIRST_PAUSE_S
        with contextlib.closing(self._line):
            while not self._stopped.is_set():
                try:
                    self._line.connect()
                    pause_s = _FIRST_PAUSE_S
                    self._screen.on_air(page)
                    self._carry()
                    return 0
                except LineBroken as error:
                    self._screen.off_air(str(error))
                    self._stopped.wait(pause_s)
                    pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        return 0

    def _carry(self) -> None:
        """Send all that comes, as one container, over the line that is open, and say that it was all."""
        self._out.clear()
        carrier = self._relay.carrier(self._out.extend)
        self._pacer.restart()
        if self._relay.artist or self._relay.title:
            self._line.announce(self._relay.artist, self._relay.title)
        while not self._stopped.is_set():
            try:
                packet = self._reader.next(_LOOK_S)
            except queue.Empty:
                continue
            if packet is None:
                break
            now_us = time.monotonic_ns() // 1000
            if not self._live and self._stopped.wait(self._pacer.wait_us(packet.at_us, now_us) / 1e6):
                break
            carrier.put(packet)
            self._screen.heard(packet.peaks)
            self._flush()
        carrier.end()
        self._flush()
        self._line.end()

    def _flush(self) -> None:
        if self._out:
            data = bytes(self._out)
            self._out.clear()
            self._line.send(data)


class _Screen:
    """Time on air and levels, on a terminal; elsewhere only what changes."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, soft_wrap=True, highlight=False)
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._began_s: float | None = None
        self._shown_s = 0.0
        self._peaks = [0.0, 0.0]

    def __enter__(self) -> None:
        if self._console.is_terminal:
            self._live.start()

    def __exit__(self, *_exception: object) -> None:
        self._live.stop()
        if self._began_s is not None:
            self._say(f"was on air for {_clock(time.monotonic() - self._began_s)}")

    def on_air(self, page: str) -> None:
        self._began_s = self._began_s or time.monotonic()
        self._say(f"on air: {page}")

    def off_air(self, why: str) -> None:
        self._say(f"{why}; it goes on when the line is back")

    def complain(self, why: str) -> None:
        self._console.print(f"veza: {why}", style="red", markup=False)

    def heard(self, peaks: tuple[float, ...]) -> None:
        """Sound went out; `peaks` as in `RelayedPacket`."""
        if peaks:
            both = (peaks[0], peaks[-1])
            self._peaks = [max(old, new) for old, new in zip(self._peaks, both, strict=True)]
        now_s = time.monotonic()
        if self._console.is_terminal and now_s - self._shown_s >= _SHOWN_EVERY_S:
            assert self._began_s is not None
            bars = "  ".join(_bar(peak) for peak in self._peaks)
            self._live.update(f"{_clock(now_s - self._began_s)}  {bars}", refresh=True)
            self._shown_s, self._peaks = now_s, [0.0, 0.0]

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False)


def _bar(peak: float) -> str:
    decibels = 20 * math.log10(peak) if peak > 1e-6 else -120.0
    filled = max(0, min(20, round((decibels + _BAR_DB) / _BAR_DB * 20)))
    return f"{'█' * filled}{'░' * (20 - filled)} {max(decibels, -99):5.1f} dB"


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"
