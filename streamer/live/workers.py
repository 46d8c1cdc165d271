"""What a show needs of the processes that touch its sound."""

from collections.abc import Sequence
from typing import Protocol

from hls.live_source import SourceEnded
from hls.report import Broken, Refused
from streamer.live.encoder_process import EncoderOrder
from streamer.live.encoder_worker import EncoderEars, EncoderWorker
from streamer.live.source_worker import SourceEars, SourceWorker
from streamer.worker import WorkerPool


class Decoder(Protocol):
    """One source's worker; `streamer.live.source_worker.SourceWorker` says what each call does."""

    @property
    def full(self) -> bool: ...

    async def run(self) -> SourceEnded | Refused | Broken: ...

    def write(self, data: bytes) -> None: ...

    def mark(self, mark: int) -> None: ...

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def finish(self) -> None: ...

    def kill(self) -> None: ...


class Encoder(Protocol):
    """A show's worker; `streamer.live.encoder_worker.EncoderWorker` says what each call does."""

    @property
    def full(self) -> bool: ...

    async def run(self) -> Broken | None: ...

    def write(self, samples: bytes) -> None: ...

    def mark(self, mark: int) -> None: ...

    def switched(self) -> None: ...

    def lost(self) -> None: ...

    def finish(self) -> None: ...

    def kill(self) -> None: ...


class Workers(Protocol):
    """Prepares both kinds; whoever gets one runs it."""

    def decode(self, container: str, ears: SourceEars) -> Decoder:
        """A worker for a source. Args: `container`: FFmpeg's name, or empty to find out."""
        ...

    def encode(
        self, renditions: Sequence[str], first_part: int, first_ticks: int, ears: EncoderEars
    ) -> Encoder:
        """A worker for a show."""
        ...


class ProcessWorkers:
    """The workers as there are: processes."""

    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool

    def decode(self, container: str, ears: SourceEars) -> Decoder:
        return SourceWorker(self._pool, ears, container=container)

    def encode(
        self, renditions: Sequence[str], first_part: int, first_ticks: int, ears: EncoderEars
    ) -> Encoder:
        return EncoderWorker(self._pool, ears, EncoderOrder(tuple(renditions), first_part, first_ticks))
