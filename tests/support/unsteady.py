"""A live source that is not as steady as one would like: it jitters, its clock is off, and it is cut."""

import base64
import random
import socket
import subprocess
import threading
import time
from pathlib import Path

RATE = 48_000
_FRAME_S = 1024 / RATE
_TIMEOUT_S = 10


def make_clicks(path: Path, seconds: int) -> Path:
    """A tone with a click each second, as AAC in ADTS."""
    tone = f"sine=440:sample_rate={RATE}:duration={seconds}"
    clicks = "volume='if(lt(mod(t,1),0.01),1,0.2)':eval=frame"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", tone, "-af", clicks, "-ac", "2"]
    subprocess.run([*command, "-c:a", "aac", "-b:a", "160k", "-f", "adts", "-y", str(path)], check=True)
    return path


class Unsteady(threading.Thread):
    """Sends ADTS frames to `PUT /live/ROOM` at about the rate at which they are heard, until it ends.

    Args:
        drift_ppm: how much faster than this machine's clock its own is.
        jitter_s: frames come up to so much late, several at once.
    """

    def __init__(
        self,
        port: int,
        room: str,
        key: str,
        sound: Path,
        *,
        drift_ppm: float = 0,
        jitter_s: float = 0,
    ) -> None:
        super().__init__(daemon=True)
        self._address = ("127.0.0.1", port)
        credentials = base64.b64encode(f"source:{key}".encode()).decode()
        self._head = (
            f"PUT /live/{room} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {credentials}\r\n"
            "Content-Type: audio/aac\r\nTransfer-Encoding: chunked\r\n\r\n"
        ).encode()
        self._frames = frames_of(sound.read_bytes())
        self._frame_s = _FRAME_S / (1 + drift_ppm / 1e6)
        self._jitter_s = jitter_s
        self._cut_until_s = 0.0
        self._stopped = threading.Event()
        self.error: Exception | None = None

    def cut(self, seconds: float) -> None:
        """Break the connection for so long; what would have been sent meanwhile is lost."""
        self._cut_until_s = time.monotonic() + seconds

    def stop(self) -> None:
        """End the source, as one that is done."""
        self._stopped.set()
        self.join(_TIMEOUT_S)
        assert self.error is None, self.error

    def run(self) -> None:
        try:
            self._send()
        except Exception as error:
            self.error = error

    def _send(self) -> None:
        chance = random.Random(6)
        begun_s = time.monotonic()
        line: socket.socket | None = None
        number = 0
        while not self._stopped.is_set() and number < len(self._frames):
            if self._jitter_s:
                self._stopped.wait(chance.random() * self._jitter_s)
            else:
                self._stopped.wait(self._frame_s)
            now_s = time.monotonic()
            due = min(int((now_s - begun_s) / self._frame_s), len(self._frames))
            data, number = b"".join(self._frames[number:due]), max(due, number)
            if now_s < self._cut_until_s:
                if line is not None:
                    line.close()
                    line = None
                continue
            if line is None:
                line = socket.create_connection(self._address, _TIMEOUT_S)
                line.sendall(self._head)
            if data:
                line.sendall(b"%x\r\n%b\r\n" % (len(data), data))
        if line is not None:
            line.sendall(b"0\r\n\r\n")
            line.close()


def frames_of(adts: bytes) -> list[bytes]:
    """ISO/IEC 13818-7, 6.2: 13 bits of each header are the frame's length."""
    frames, at = [], 0
    while at + 7 <= len(adts):
        assert adts[at] == 0xFF and adts[at + 1] & 0xF0 == 0xF0
        size = (adts[at + 3] & 3) << 11 | adts[at + 4] << 3 | adts[at + 5] >> 5
        frames.append(adts[at : at + size])
        at += size
    return frames
