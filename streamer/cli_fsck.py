"""`veza fsck`: runs it, and reports to people or to programs."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from streamer.database import DatabaseUnusable, make_engine, open_database
from streamer.finding import IN_WORDS, Finding, Remedy
from streamer.fsck import Fsck, Looked
from streamer.settings import Settings
from streamer.start import StartRefused, lock_data_dir
from streamer.store import StoreError
from streamer.store_obstore import open_store

CLEAN, FOUND, CANNOT_RUN = 0, 1, 2
_SHOWN = 200  # in a table for people; JSON has all


class Report(msgspec.Struct):
    """What a run saw and did. `running`: a server had the folder, so it was looked at from beside."""

    running: bool
    deep: bool
    repaired: bool
    looked: Looked
    findings: list[Finding]


def run(settings: Settings, *, repair: bool, deep: bool, as_json: bool) -> int:
    """Check, mend if asked to, and print. Returns the exit code."""
    out, errors = Console(soft_wrap=True), Console(stderr=True, soft_wrap=True)
    try:
        with errors.status("looking") as status:
            report = asyncio.run(
                _run(
                    settings, repair=repair, deep=deep, tell=lambda what: status.update(f"looking at {what}")
                )
            )
    except (StartRefused, DatabaseUnusable, StoreError, OSError, SQLAlchemyError) as error:
        words = str(getattr(error, "orig", None) or error).partition("\n")[0]
        errors.print(f"veza: {words}", style="red", markup=False, highlight=False)
        return CANNOT_RUN
    except Exception:  # our mistake: not to be taken for something found
        errors.print_exception()
        return CANNOT_RUN
    if as_json:
        print(msgspec.json.encode(report).decode())
    else:
        _show(report, out)
    return FOUND if report.findings else CLEAN


async def _run(settings: Settings, *, repair: bool, deep: bool, tell: Callable[[str], None]) -> Report:
    _check_places(settings)
    # Held until this process ends: no server starts meanwhile.
    running = lock_data_dir(settings.data_path) is None
    if running and repair:
        raise StartRefused("a server has the data folder: stop it before --repair")
    url = settings.effective_database_url
    engine = make_engine(url) if running else await open_database(url)
    try:
        store = open_store(settings.store_url, os.environ)
        fsck = Fsck(engine, settings.data_path, deep=deep, running=running, tell=tell, store=store)
        found = await fsck.look()
        if repair:
            await fsck.mend(found)
        return Report(running, deep, repair, fsck.looked, found)
    finally:
        await engine.dispose()


def _check_places(settings: Settings) -> None:
    """A check makes nothing: neither a data folder nor a database."""
    if not settings.data_path.is_dir():
        raise StartRefused(f"data_dir = {str(settings.data_path)!r} does not exist")
    parsed = make_url(settings.effective_database_url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").is_file():
        raise StartRefused(f"there is no database at {parsed.database}")


def _show(report: Report, out: Console) -> None:
    for finding in report.findings[:_SHOWN]:
        _show_one(finding, out, repaired=report.repaired)
    if len(report.findings) > _SHOWN:
        out.print(f"... and {len(report.findings) - _SHOWN} more (--json has all)")
    table = Table.grid(padding=(0, 2))
    looked = report.looked
    table.add_row("looked at", f"{looked.tracks} tracks, {looked.files} files, {looked.size_bytes:,} bytes")
    how = "every byte of the sources, every box of the renditions" if report.deep else "names and lengths"
    table.add_row("", how + (", beside a running server" if report.running else ""))
    mended = sum(finding.mended for finding in report.findings)
    table.add_row(
        "found", f"{len(report.findings)}" + (f", {mended} of it mended" if report.repaired else "")
    )
    out.print(table)
    if any(not it.mended and it.remedy is not Remedy.NONE for it in report.findings):
        stop = "stop the server, then " if report.running else ""
        out.print(f"To mend what can be mended: {stop}veza fsck --repair", highlight=False)


def _show_one(finding: Finding, out: Console, *, repaired: bool) -> None:
    where = "/".join(part for part in (finding.folder, finding.file) if part) or finding.track or "database"
    head = Text.assemble((f"{finding.kind:<18}", "bold yellow"), " ", where)
    if finding.track is not None and finding.track not in where:
        head.append(f" (track {finding.track})")
    out.print(head)
    out.print(Text(f"    {finding.detail}"))
    words = IN_WORDS[finding.remedy]
    if finding.remedy is Remedy.NONE:
        out.print(Text(f"    {words}", style="red"))
    elif repaired:
        out.print(Text(f"    done: {words}", style="green"))
    else:
        out.print(Text(f"    --repair would {words}", style="cyan"))
