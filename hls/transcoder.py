"""A recording in, CMAF out. Runs to its end in a process of its own.

It waits only in the source, when that has not arrived yet, and for its lanes.
"""

from hls import attempt
from hls.ffmpeg.recording import open_recording
from hls.job import Job


def package(job: Job) -> None:
    """Make a track of a recording, reporting what comes about, `Finished` last.

    Args:
        job: with the source at its first byte, read forwards while it arrives, if its format allows, else
            when complete; and an empty output. A segment is on disk before it is reported.

    Raises:
        MediaRefused: the source is at fault.
        OSError: source or output could not be read or written.
        MemoryError: FFmpeg or numpy did not get what they asked for.
    """
    attempt.package(job, open_recording)
