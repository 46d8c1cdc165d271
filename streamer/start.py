"""What must hold before the loop starts: settings, the data folder to ourselves, a secret."""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from streamer.auth import load_secret
from streamer.settings import Settings


class StartRefused(Exception):
    """The server can't start here. One line for the operator."""


@dataclass(frozen=True, slots=True)
class DataDir:
    """The data folder, locked for this process, and the key kept in it."""

    lock: int
    secret: bytes


def take_data_dir(settings: Settings) -> DataDir:
    """Make the data folder if need be, lock it until the process ends, and load the secret.

    Raises:
        StartRefused: not writable, or another Veza has it.
    """
    path = settings.data_path
    lock = lock_data_dir(path)
    if lock is None:
        raise StartRefused(f"data_dir = {str(path)!r} is in use by another Veza")
    try:
        return DataDir(lock, load_secret(settings.secret, path))
    except (OSError, ValueError) as error:
        raise StartRefused(f"the secret in {str(path)!r} can't be used: {error}") from None


def lock_data_dir(path: Path) -> int | None:
    """Make the data folder if need be, and lock it until the process ends; None if another process has it.

    Raises:
        StartRefused: it is not writable.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StartRefused(f"data_dir = {str(path)!r} can't be written to: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock
