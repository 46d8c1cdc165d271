"""Where the recordings lie, and tones made on the spot for machines that do not have them."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_SHARED = ROOT.parent / "shared" / "audio"
AUDIO_DIR: Path | None = _SHARED if _SHARED.is_dir() else None


def recordings() -> list[Path]:
    """Real music and speech, one file per container and codec; empty where the folder is missing."""
    if AUDIO_DIR is None:
        return []
    return sorted(path for path in AUDIO_DIR.iterdir() if path.is_file() and path.name != "README.md")


def hostile() -> list[Path]:
    """Files that try to hurt a server; empty where the folder is missing."""
    return [] if AUDIO_DIR is None else sorted((AUDIO_DIR / "hostile").iterdir())


def make_tone(
    path: Path, *, seconds: float = 10, rate: int = 44100, channels: int = 2, options: tuple[str, ...] = ()
) -> Path:
    """Write a sweep, no two moments of which sound alike, in the format that the file's name asks for."""
    voices = ["0.4*sin(2*PI*(200+90*t)*t)", "0.4*sin(2*PI*(300+70*t)*t)"][:channels]
    sweep = f"aevalsrc='{'|'.join(voices)}':s={rate}:d={seconds}"
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", sweep, *options, str(path)]
    subprocess.run(command, check=True, timeout=60)
    return path
