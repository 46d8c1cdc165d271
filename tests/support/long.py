"""Long recordings, made in less than it takes to make up their sound."""

import subprocess
from pathlib import Path

from tests.support.audio import make_tone

_ONCE_S = 20


def make_long(path: Path, *, times: int, options: tuple[str, ...] = ()) -> Path:
    """`times` x 20 s of sound, the same again and again, in the format that the file's name asks for."""
    once = make_tone(path.with_name(f"once{path.suffix}"), seconds=_ONCE_S, rate=48000)
    loop = ["ffmpeg", "-nostdin", "-v", "error", "-stream_loop", str(times - 1), "-i", str(once)]
    subprocess.run([*loop, "-c", "copy", *options, str(path)], check=True, timeout=60)
    return path
