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
    try:
        data = take_data_dir(settings)
        uvloop.run(serve(settings, data.secret))
    except (StartRefused, DatabaseUnusable, PageMissing) as error:
        print(f"veza: {error}", file=sys.stderr)
        return EXIT_REFUSED
    return 0
