"""Lines of standard input for a loop that does other things, too."""

import asyncio
import sys
import threading
from collections.abc import AsyncGenerator


async def stdin_lines() -> AsyncGenerator[str]:
    """Lines without their ends, as they come. Cancelling is safe; a line that comes later is lost.

    A thread reads: whether a loop can watch standard input depends on what it is (a file can't be watched).
    It is a daemon, because nothing ends a read that waits.
    """
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str | None] = asyncio.Queue()

    def read() -> None:
        try:
            for line in sys.stdin:
                loop.call_soon_threadsafe(lines.put_nowait, line.rstrip("\r\n"))
            loop.call_soon_threadsafe(lines.put_nowait, None)
        except (RuntimeError, ValueError):
            pass  # the loop, or the process, has ended

    threading.Thread(target=read, daemon=True).start()
    while (line := await lines.get()) is not None:
        yield line
