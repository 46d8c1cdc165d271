"""Every figure that Veza promises, measured beside its peers in the same run: `make bench`.

Each benchmark is a program of its own (`python -m bench.NAME`), so that one's memory is not another's.
"""

import subprocess
import sys

BENCHMARKS = (
    "packaging",
    "requests",
    "latency",
    "fanout",
    "acks",
    "idle_websockets",
    "storm",
    "redis_append",
    "live",
    "progressive",
    "live_encoder",
    "live_long",
    "rtmp_to_hls",
    "piled_up",
)


def main(wanted: list[str]) -> int:
    unknown = set(wanted) - set(BENCHMARKS)
    if unknown:
        print(
            f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}",
            file=sys.stderr,
        )
        return 2
    failed = 0
    for name in wanted or BENCHMARKS:
        print(f"\n== {name}", flush=True)
        failed |= subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
