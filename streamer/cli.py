"""`veza`: the command of operators and uploaders. What is heavy is imported by the command that needs it."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from streamer.settings import Settings

EXIT_FAILED = 1
EXIT_MISCONFIGURED = 2
_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class _Ttl(click.ParamType[int]):
    """A length of time: a whole number and s, m, h or d."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = str(value)
        number, unit = text[:-1], text[-1:]
        if not number.isascii() or not number.isdigit() or unit not in _UNITS_S or int(number) == 0:
            self.fail(f"{text!r} is not a length of time, such as 30d, 12h, 90m or 60s")
        return int(number) * _UNITS_S[unit]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="veza", prog_name="veza", message="%(prog)s %(version)s")
def main() -> None:
    """Veza: a self-hosted, real-time audio server."""


@main.command()
def serve() -> None:
    """Run the server in the foreground. Settings: config/veza.toml, VEZA_... variables."""
    # Replaced rather than imported: workers are forked from a process whose main module is the server's.
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "streamer"])


@main.command()
@click.argument("paths", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--server", metavar="URL", help="Where Veza is. [default: as the settings here say]")
@click.option("--token", metavar="TOKEN", help="Where uploads need one; `veza token` makes it.")
def upload(paths: tuple[Path, ...], server: str | None, token: str | None) -> None:
    """Upload recordings, or folders of them, and print where to hear them."""
    from streamer.cli_upload import upload_all

    sys.exit(upload_all(paths, server or _local_server(), token))


def _visiting(command: Callable[..., None]) -> Callable[..., None]:
    """The options of commands that go into a room."""
    options = (
        click.option("--server", metavar="URL", help="Where Veza is. [default: as the settings here say]"),
        click.option("--name", metavar="NAME", help="What others see. [default: the user's name here]"),
        click.option("--token", metavar="TOKEN", help="Be the account that `veza token` made it for."),
        click.option("--password", metavar="WORD", help="Of the room, if it asks for one."),
        click.option("--invite", metavar="TOKEN", help="That of a link into the room."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@main.command()
@click.argument("room")
@click.argument("text", required=False)
@_visiting
@click.option(
    "--wait",
    type=_Ttl(),
    default="60s",
    show_default=True,
    help="How long to try: 10s, 5m, across broken lines.",
)
def say(room: str, text: str | None, wait: int, **visitor: str | None) -> None:
    """Say TEXT in ROOM, or without TEXT each line of standard input.

    Ends when the message is on the server's disk. When the line breaks it goes again over a new one, and is
    never said twice. Exit code: 0 said, 1 refused, 2 wrong usage, 3 not acknowledged in time (perhaps said).
    """
    from streamer.cli_say import say as say_in

    sys.exit(say_in(room=room, text=text, wait_s=wait, **_visitor(**visitor)))


@main.command()
@click.argument("room")
@_visiting
@click.option("--follow", is_flag=True, help="Stay when the input ends; for pipes.")
@click.option("--color/--no-color", default=None, help="[default: as the terminal is]")
def room(room: str, follow: bool, color: bool | None, **visitor: str | None) -> None:
    """Be in ROOM: see what is said there, and say what you type.

    Lines that begin with / are the room's commands (/quit ends). Between pipes, lines of the input are said,
    and what happens is printed as plain text; it ends when the input has, and everything is acknowledged.
    """
    from streamer.cli_room import visit

    sys.exit(visit(room=room, follow=follow, colours=color, **_visitor(**visitor)))


@main.command()
@click.argument("name")
@click.option(
    "--ttl", type=_Ttl(), default="30d", show_default=True, help="How long it is good: 30d, 12h, 90m."
)
@click.option("--operator", is_flag=True, help="May change and delete what others have uploaded.")
def token(name: str, ttl: int, operator: bool) -> None:
    """Make a bearer token for NAME, who chats under it and may upload."""
    import time

    from streamer.auth import MAX_NAME_LENGTH, Tokens, load_secret

    if not (0 < len(name) <= MAX_NAME_LENGTH and name.isprintable() and name.strip() == name):
        _fail(f"NAME is {name!r}; it must be 1 to {MAX_NAME_LENGTH} printable characters")
    settings = _settings()
    try:
        settings.data_path.mkdir(parents=True, exist_ok=True)
        secret = load_secret(settings.secret, settings.data_path)
    except (OSError, ValueError) as error:
        _fail(f"the secret can't be read: {error}")
    click.echo(Tokens(secret).issue(name, now_s=int(time.time()), ttl_s=ttl, operator=operator))


@main.command()
@click.argument("room")
@click.option(
    "--priority", type=click.IntRange(0, 1000), default=100, show_default=True, help="Higher is heard."
)
@click.option("--name", metavar="NAME", help="Whose it is. [default: the room's owner]")
@click.option("--label", default="", metavar="TEXT", help="What you call it.")
@click.option("--list", "listing", is_flag=True, help="Show the keys there are, without their secrets.")
@click.option("--rotate", metavar="ID", help="Give a key another secret; the old one is good no more.")
@click.option("--revoke", metavar="ID", help="Let a key be good no more.")
def key(room: str, listing: bool, rotate: str | None, revoke: str | None, **new: Any) -> None:
    """Make a stream key with which to go live in ROOM, and print it. It is not shown again."""
    from streamer import cli_key

    settings = _settings()
    try:
        if listing:
            cli_key.show(cli_key.rows(settings, room))
        elif revoke is not None:
            cli_key.revoke(settings, room, revoke)
        elif rotate is not None:
            click.echo(cli_key.rotate(settings, room, rotate))
        else:
            click.echo(cli_key.make(settings, _room_name(room), **new))
    except cli_key.KeyFailed as error:
        _fail(str(error))


@main.command()
@click.argument("room")
@click.argument("source", metavar="FILE-OR-DEVICE")
@click.option("--server", metavar="URL", help="Where Veza is. [default: as the settings here say]")
@click.option("--key", metavar="KEY", help="The room's stream key; `veza key` makes it. [default: asks]")
@click.option(
    "--bitrate",
    type=click.IntRange(16, 510),
    metavar="KBIT/S",
    help="Encode to Opus. [default: as it is; what is not compressed becomes FLAC]",
)
@click.option("--name", metavar="TEXT", default="", help="Of the show. [default: the recording's title]")
def live(room: str, source: str, server: str | None, key: str | None, bitrate: int | None, name: str) -> None:
    """Go live in ROOM with a file, with `-` for standard input, or with a sound card.

    A file is sent as fast as it plays. Sound cards are alsa:NAME and pulse:NAME, such as alsa:default; ffmpeg
    reads them. When the line breaks it goes on over a new one. Ctrl-C ends it.
    Exit code: 0 at the end, 1 not wanted or not readable, 2 wrong usage.
    """
    from streamer.cli_live import go_live

    secret = key or click.prompt("Stream key", hide_input=True, err=True)
    sys.exit(go_live(room, source, server or _local_server(), secret, bitrate and bitrate * 1000, name))


@main.command()
@click.option("--repair", is_flag=True, help="Mend what can be mended. The server must be stopped.")
@click.option("--deep", is_flag=True, help="Read every source and every box of the renditions, too.")
@click.option("--json", "as_json", is_flag=True, help="Report to a program.")
def fsck(repair: bool, deep: bool, as_json: bool) -> None:
    """Find what the disk and the database disagree on.

    Looks, and changes nothing, unless --repair is given. Even then nothing is deleted that may be somebody's
    only copy: it goes to lost+found/ in the data folder. Exit code: 0 all is well, 1 something was found
    (whether or not it was mended), 2 it could not run.
    """
    from streamer.cli_fsck import run

    sys.exit(run(_settings(), repair=repair, deep=deep, as_json=as_json))


@main.command()
def config() -> None:
    """Print the settings in effect here, as the file would have them. Secrets are hidden."""
    from streamer.settings import shown

    for line in shown(_settings()):
        click.echo(line)


def _settings() -> "Settings":
    from streamer.settings import SettingsError, load

    try:
        return load(os.environ)
    except SettingsError as error:
        click.echo(f"veza: {error}", err=True)
        sys.exit(EXIT_MISCONFIGURED)


def _room_name(room: str) -> str:
    import msgspec

    from streamer.room import NewRoom

    try:
        return msgspec.convert({"name": room}, NewRoom).name
    except msgspec.ValidationError:
        _fail(f"{room[:70]!r} is no name of a room")


def _local_server() -> str:
    settings = _settings()
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)
    return f"http://{host}:{settings.port}"


def _visitor(
    server: str | None, name: str | None, token: str | None, password: str | None, invite: str | None
) -> dict[str, Any]:
    """What the options of `_visiting` say, as the commands take it."""
    asked = {"password": password, "invite": invite}
    return {
        "server": server or _local_server(),
        "name": name or (None if token else _guest_name()),
        "token": token,
        "key": {what: value for what, value in asked.items() if value is not None},
    }


def _guest_name() -> str:
    """That of the user here, unless it has none, or one that no guest may have, such as root."""
    import getpass

    from chat.names import MAX_NAME_CHARS
    from chat.skeleton import is_reserved

    try:
        name = getpass.getuser()[:MAX_NAME_CHARS]
    except (OSError, KeyError):  # a container's user may have no name
        return "guest"
    return "guest" if is_reserved(name) else name


def _fail(message: str) -> NoReturn:
    click.echo(f"veza: {message}", err=True)
    sys.exit(EXIT_FAILED)
