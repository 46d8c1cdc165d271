"""Recordings that take a worker some seconds, made in less."""

import subprocess
from pathlib import Path

from tests.support.audio import make_tone

_ONCE_S = 20


def make_long(path: Path, *, times: int) -> Path:
    """A WAV of `times` x 20 s of sound."""
    once = make_tone(path.with_name("once.wav"), seconds=_ONCE_S, rate=48000)
    command = [
        "ffmpeg",
        "-nostdin",
        "-v",
        "error",
        "-stream_loop",
        str(times - 1),
        "-i",
        str(once),
        "-c",
        "copy",
    ]
    subprocess.run([*command, str(path)], check=True, timeout=60)
    return path
