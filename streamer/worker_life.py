"""How a worker comes into the world, how it is collected afterwards, and what its end means, in words."""

import signal
import time
from multiprocessing.process import BaseProcess

_START_ATTEMPTS = 5
_LOST = 255  # multiprocessing's answer when the forkserver, which knew the true one, is gone


def start(process: BaseProcess) -> None:
    """Start it, and bring the forkserver up again if that has died since the last time. Blocks.

    Raises:
        OSError, EOFError: after several attempts.
    """
    for attempt in range(1, _START_ATTEMPTS + 1):
        try:
            process.start()
            return
        except (OSError, EOFError):
            if attempt == _START_ATTEMPTS:
                raise
            time.sleep(0.02 * attempt)  # in a thread: until the kernel has told that the forkserver is dead


def reap(process: BaseProcess, patience_s: float) -> int | None:
    """Collect a process that should be about to end, by force if need be. Blocks up to 2 * `patience_s`.

    Returns:
        Its exit code, or None if it can't be had.
    """
    process.join(patience_s)
    if process.exitcode is None:
        process.kill()
        process.join(patience_s)
    exit_code = process.exitcode
    if exit_code is not None:
        process.close()
    return exit_code


def reason(exit_code: int | None, *, cpu_s: int) -> str:
    """Why a worker ended without a last report.

    Args:
        exit_code: as multiprocessing has it: a negative signal number, or what the process exited with.
        cpu_s: the bound on its CPU time.
    """
    if exit_code is None:
        return "the worker could not be ended"
    if exit_code == -signal.SIGXCPU:
        return f"it used more than {cpu_s} s of CPU time"
    if exit_code == -signal.SIGKILL:
        return "the worker was killed (signal 9); the machine may have run out of memory"
    if exit_code < 0:
        return f"the worker crashed (signal {-exit_code})"
    if exit_code == _LOST:
        return "the worker was killed, together with the process that starts workers"
    return f"the worker ended without a word (exit code {exit_code})"
