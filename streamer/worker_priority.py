"""How a worker takes its turns on a processor, so that the server's sockets come first."""

import ctypes
import os
import platform
import struct

_NICENESS = 10
_LIVE_NICENESS = 1  # behind the server, but no further: what a show needs is needed now
_TURN_NS = 20_000_000
_LIVE_TURN_NS = 1_000_000  # short ones are given sooner
# Since Linux 6.12 who wakes up may interrupt a longer turn than its own. By default all are equally long, and
# about once in a hundred times the loop would wait for the rest of a worker's, some 3 ms.
_SCHED_ATTR = struct.Struct("=IIQiIQQQ")  # sched_setattr(2): size, policy, flags, nice, priority, runtime...
_SCHED_SETATTR = {"x86_64": 314, "aarch64": 274, "riscv64": 274}  # Python has no name for this call


def stand_by() -> None:
    """Let the server go first, and be served before workers that have stepped back."""
    os.nice(_LIVE_NICENESS)
    _take_turns_of(_LIVE_TURN_NS, os.SCHED_OTHER)


def step_back() -> None:
    """Let everything else go first, and take long turns in between. For the threads that begin later, too.

    An older kernel, or one that does not grant it, keeps turns of the usual length.
    """
    os.nice(_NICENESS)
    # sched(7): a batch thread that wakes up never interrupts who is running.
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    _take_turns_of(_TURN_NS, os.SCHED_BATCH)


def _take_turns_of(turn_ns: int, policy: int) -> None:
    number = _SCHED_SETATTR.get(platform.machine())
    if number is not None:
        attributes = _SCHED_ATTR.pack(_SCHED_ATTR.size, policy, 0, os.nice(0), 0, turn_ns, 0, 0)
        ctypes.CDLL(None).syscall(number, 0, attributes, 0)
