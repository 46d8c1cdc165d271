"""`python -m streamer`: the server. In the foreground, its address on stdout, its log on stderr."""

import gc
import sys


def main() -> int:
    """Run until asked to stop. Returns the exit code."""
    # Nothing that is imported is garbage. Looking for some would take a tenth of the start, and then again
    # a pause of everybody's at each full collection.
    gc.disable()
    from streamer.launch import launch

    gc.freeze()
    gc.enable()
    return launch()


if __name__ == "__main__":
    sys.exit(main())
