"""From the environment to a running server, or to the line that says why there is none."""

import os
import sys

import uvloop

from streamer import log
from streamer.app import serve
from streamer.database import DatabaseUnusable
from streamer.pages import PageMissing
from streamer.settings import SettingsError, load
from streamer.start import StartRefused, take_data_dir

# The database's threads give way to the loop after this, not after Python's 5 ms. Measured here: with two
# workers flat out p99 of a playlist is 1.4 times that of an idle server instead of 2.8; at 4,000 messages a
# second over Redis p99 of delivery is 15 ms instead of 45.
SWITCH_S = 0.0005

EXIT_REFUSED = 1
EXIT_MISCONFIGURED = 2


def launch() -> int:
    """Run until asked to stop. Returns the exit code."""
    try:
        settings = load(os.environ)
    except SettingsError as error:
        print(f"veza: {error}", file=sys.stderr)
        return EXIT_MISCONFIGURED
    log.configure(settings.log_level, settings.log_format)
    sys.setswitchinterval(SWITCH_S)
    try:
        data = take_data_dir(settings)
        uvloop.run(serve(settings, data.secret))
    except (StartRefused, DatabaseUnusable, PageMissing) as error:
        print(f"veza: {error}", file=sys.stderr)
        return EXIT_REFUSED
    return 0
