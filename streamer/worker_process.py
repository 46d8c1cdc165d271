"""The child's side of a packaging worker: limits first, then one job, then the end.

Light to import, because the server imports it too; FFmpeg is loaded by the forkserver (`worker_preload.py`).
"""

import contextlib
import ctypes
import errno
import os
import resource
import signal
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from hls import ladder
from hls.job import Job, Limits, MediaRefused, Reporter
from hls.report import AnyReport, Broken, Refused
from streamer.worker_files import GrowingSource, OutputFolder, ServerGone
from streamer.worker_lanes import lanes
from streamer.worker_priority import stand_by, step_back

MAX_FRAME_BYTES = 1 << 20
"""A report is a few hundred bytes; what is longer than this is none."""

HEADER = struct.Struct(">I")
HEARTBEAT = HEADER.pack(0)
"""On the way to the server, a length and then a report in msgpack. An empty one is only a sign of life."""

MAX_LANES = len(ladder.NAMES) + 1
"""Every rendition that there may be, and the loudness beside them."""

_PR_SET_PDEATHSIG = 1  # prctl(2)


@dataclass(frozen=True)
class Bounds:
    """What the operating system holds a worker to.

    Attributes:
        memory_bytes: data that the job may add to what the forkserver has loaded.
        cpu_s: CPU time.
        max_duration_s: sound.
        max_output_bytes: of each file that is written.
    """

    memory_bytes: int
    cpu_s: int
    max_duration_s: int
    max_output_bytes: int


@dataclass(frozen=True)
class Order:
    """One job: the paths, whether the source is already complete, the bounds, and which renditions."""

    source: Path
    output: Path
    complete: bool
    bounds: Bounds
    renditions: tuple[str, ...] = ladder.DEFAULT


def warm_up() -> None:
    """Do nothing but prove that workers can be started and have what they need."""
    import hls.transcoder  # noqa: F401


def main(channel: socket.socket, order: Order) -> None:
    """Run one job and report on `channel`; what it says last is Finished, Refused or Broken."""
    begin()
    turn = threading.Lock()  # the lanes report too, and so does the source

    def send(frame: bytes) -> None:
        with turn:
            channel.sendall(frame)

    def report(message: AnyReport) -> None:
        data = msgspec.msgpack.encode(message)
        send(HEADER.pack(len(data)) + data)

    # A server that is gone needs no answer.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        if (last := _judge(lambda: _work(channel, order, report, send), order.bounds)) is not None:
            report(last)


def _work(channel: socket.socket, order: Order, report: Reporter, send: Callable[[bytes], None]) -> None:
    from hls.transcoder import package

    source = GrowingSource(order.source, channel, complete=order.complete, beat=lambda: send(HEARTBEAT))
    output = OutputFolder(order.output, ladder.NAMES)
    try:
        with lanes(MAX_LANES) as open_lane:
            confine(order.bounds)
            limits = Limits(order.bounds.max_duration_s)
            package(Job(source, output, limits, report, order.renditions, open_lane))
    finally:
        output.tidy()


def _judge(work: Callable[[], None], bounds: Bounds) -> AnyReport | None:
    """Do the work; what there is to say if it did not come to its end."""

    try:
        work()
    except MediaRefused as refusal:
        return Refused(str(refusal))
    except MemoryError:
        return Broken(f"it needs more memory than the {bounds.memory_bytes >> 20} MiB that a job may use")
    except (ServerGone, BrokenPipeError, ConnectionResetError):
        return None
    except OSError as error:
        return Broken(_disk_trouble(error, bounds))
    except Exception as error:  # whatever it is, it costs one job, and somebody has to hear of it
        return Broken(f"the packager failed: {type(error).__name__}: {error}")
    return None


def _disk_trouble(error: OSError, bounds: Bounds) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "there is no space left on the disk"
    if error.errno == errno.EFBIG:
        return f"it became larger than the {bounds.max_output_bytes} bytes that a file may have"
    return f"a file could not be read or written: {error.strerror or error}"


def begin(*, live: bool = False) -> None:
    """What a worker does first, whatever its work is; `live` if somebody waits for it."""
    _die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's: it lets work in progress finish
    if live:
        stand_by()
    else:
        step_back()


def _die_with_parent() -> None:
    """The forkserver ends when the server does, and takes its workers with it."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == 1:  # it ended before this took effect
        os._exit(1)


def confine(bounds: Bounds, *, renewable: bool = False) -> None:
    """From here on, nothing can be opened, and memory, CPU time and files have their bounds.

    Args:
        renewable: the bound on CPU time is for what comes next; `renew_cpu` sets it anew.
    """
    _limit(resource.RLIMIT_DATA, _data_bytes() + bounds.memory_bytes)
    if renewable:
        renew_cpu(bounds.cpu_s)
    else:
        _limit(
            resource.RLIMIT_CPU, bounds.cpu_s, grace=5
        )  # setrlimit(2): SIGXCPU says why; SIGKILL would not
    _limit(resource.RLIMIT_FSIZE, bounds.max_output_bytes)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, 0)


def renew_cpu(cpu_s: int) -> None:
    """From here on, so much CPU time at most, until this is called again."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    bound = int(used.ru_utime + used.ru_stime) + 1 + cpu_s
    resource.setrlimit(
        resource.RLIMIT_CPU, (bound if hard == resource.RLIM_INFINITY else min(bound, hard), hard)
    )


def _limit(kind: int, bound: int, *, grace: int = 0) -> None:
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        bound = min(bound, hard - grace)
    resource.setrlimit(kind, (bound, bound + grace))


def _data_bytes() -> int:
    """What RLIMIT_DATA counts at this moment: proc(5), the sixth field of statm, less the stack's share."""
    pages = Path("/proc/self/statm").read_bytes().split()[5]
    return int(pages) * resource.getpagesize()
