"""Processes that stand by to be what a server would start with `python -c`, its imports done.

A server starts two helpers of multiprocessing: the one that forks workers, which loads FFmpeg and numpy,
and the one that cleans up behind them. Half the start of a server is theirs. So each is forked before the
server is one, becomes what it is asked to be, and is the server's child like any other. What is started
later, in the place of one that died, is started as ever.
"""

import fcntl
import json
import os
import socket
import sys
from collections.abc import Sequence
from multiprocessing import util
from types import ModuleType
from typing import Any, NoReturn

_MAX_ORDER_BYTES = 1 << 18
_MAX_DESCRIPTORS = 8
_OUT_OF_THE_WAY = 512  # of the numbers that descriptors are to have


class Understudies:
    """Those of a server to be, each for a part. Takes the place of multiprocessing's way to start them."""

    def __init__(self, *parts: str) -> None:
        """Fork one for each of `parts`: a word of the code that it will be asked to run.

        Nothing may have begun to run in this process: no thread, no event loop.
        """
        self._waiting: dict[str, tuple[int, socket.socket]] = {}
        for part in parts:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            pid = os.fork()
            if pid == 0:
                for end in (ours, *(end for _, end in self._waiting.values())):
                    end.close()
                _wait(theirs)
            theirs.close()
            self._waiting[part] = pid, ours
        self._spawn = util.spawnv_passfds
        util.spawnv_passfds = self._start

    def _start(self, path: Any, args: Sequence[Any], passfds: Sequence[int]) -> int:
        """Implements `multiprocessing.util.spawnv_passfds`."""
        code = str(args[-1])
        part = next((part for part in self._waiting if part in code), None)
        if part is None:
            return self._spawn(path, args, passfds)
        pid, end = self._waiting.pop(part)
        with end:
            order = {"code": code, "descriptors": list(passfds), "environ": dict(os.environ)}
            socket.send_fds(end, [json.dumps(order).encode()], passfds)
        return pid


def _wait(end: socket.socket) -> NoReturn:
    """Be what is asked for, or nothing if the server ends before it asks."""
    try:
        with end:
            said, received, _, _ = socket.recv_fds(end, _MAX_ORDER_BYTES, _MAX_DESCRIPTORS)
        if said:
            _play(json.loads(said), received)
    except SystemExit:
        os._exit(0)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


def _play(order: dict[str, Any], received: list[int]) -> None:
    """Run the code, with each descriptor by the number that it has in the code, as behind an exec."""
    aside = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, _OUT_OF_THE_WAY) for descriptor in received]
    for now, named in zip(aside, order["descriptors"], strict=True):
        os.dup2(now, named)
    for descriptor in {*aside, *received} - set(order["descriptors"]):
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(order["environ"])
    main = sys.modules["__main__"] = ModuleType("__main__")
    exec(order["code"], main.__dict__)
