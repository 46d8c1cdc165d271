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


def make_album(folder: Path, *, rate: int, first_samples: int, seconds: float = 6) -> tuple[Path, Path, Path]:
    """One recording in FLAC, a sweep in noise, and the two tracks that it is cut into after `first_samples`.

    Returns:
        the two tracks and the whole, all of 16 bits, titled "First", "Second" and "Whole".
    """
    whole, first, second = (folder / f"{name}.flac" for name in ("whole", "first", "second"))
    sound = f"aevalsrc='0.3*sin(2*PI*(200+150*t)*t)|0.3*sin(2*PI*(300+90*t)*t)':s={rate}:d={seconds}"
    noise = f"anoisesrc=c=pink:a=0.3:r={rate}:d={seconds}:seed=7"
    mix = "[1]aformat=channel_layouts=stereo[n];[0][n]amix=normalize=0,aformat=s16:channel_layouts=stereo"
    ffmpeg = ["ffmpeg", "-nostdin", "-v", "error", "-y"]
    made = ["-f", "lavfi", "-i", sound, "-f", "lavfi", "-i", noise, "-filter_complex", mix]
    subprocess.run([*ffmpeg, *made, "-metadata", "title=Whole", str(whole)], check=True, timeout=60)
    for path, title, span in (
        (first, "First", f"end_sample={first_samples}"),
        (second, "Second", f"start_sample={first_samples}"),
    ):
        tags = ("-metadata", f"title={title}", "-metadata", "album=Whole")
        cut = ["-i", str(whole), "-af", f"atrim={span},asetpts=N/SR/TB", *tags, str(path)]
        subprocess.run([*ffmpeg, *cut], check=True, timeout=60)
    return first, second, whole
