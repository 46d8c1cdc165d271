"""Reading what a process has cost: CPU from /proc, not the clock, so that a busy machine does not show."""

import os
import resource
from dataclasses import dataclass
from pathlib import Path
from statistics import median

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def cpu_s(pid: int) -> float:
    """User and system seconds of a process and of its living children."""
    own = own_cpu_s(pid)
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own + sum(cpu_s(int(child)) for child in children)


def own_cpu_s(pid: int) -> float:
    """User and system seconds of a process, without its children."""
    # proc(5): fields 14 and 15, counted after the command, which may hold spaces and parentheses.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def rss_bytes(pid: int) -> int:
    """Resident memory of one process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES


def allow_open_files(wanted: int) -> None:
    """Raise the limit on open files as far as the system lets us.

    Raises:
        SystemExit: it stays below `wanted`.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise SystemExit(f"this needs {wanted} open files and the limit is {hard}: ulimit -Hn")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@dataclass(frozen=True)
class Figure:
    """One number, of us and of a peer in the same run, each round beside the other."""

    name: str
    unit: str
    ours: list[float]
    peer_name: str
    peers: list[float]
    target: float

    def __str__(self) -> str:
        ratio = median(ours / peer for ours, peer in zip(self.ours, self.peers, strict=True))
        verdict = "met" if ratio <= self.target else "MISSED"
        return (
            f"{self.name}: {median(self.ours):.2f} {self.unit}, {self.peer_name} {median(self.peers):.2f}; "
            f"ratio {ratio:.2f} (aim <= {self.target}: {verdict})"
        )
