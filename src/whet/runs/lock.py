"""A lock on a run folder, so that no two processes write to it at once."""

import json
import os
import socket
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from whet.errors import UserError
from whet.files import write_bytes
from whet.runs.jsonl import encode
from whet.runs.layout import LOCK, OWNER

if TYPE_CHECKING:
    from filelock import BaseFileLock

PATIENCE = 1.0
"""Seconds to wait for a new owner's `owner.json`, which it writes after it has taken the lock."""


class FolderLock:
    """Holds an exclusive lock on a run folder from `__init__` to `release` or the end of the process.

    The lock is the operating system's (`filelock`, by `flock`), so a killed process leaves none behind, not even where
    a child that it forked lives on. `owner.json` is for messages only: a free lock is taken whatever that file says (a
    dead process, another machine, a process id in use again).
    """

    def __init__(self, folder: Path) -> None:
        """Takes the lock. Raises `UserError` that names the owner if it is held, or says why it cannot be written."""
        self.folder = folder.resolve()
        self._lock = _locked(folder)
        since = datetime.now(UTC).isoformat(timespec="seconds")
        owner = {"pid": os.getpid(), "host": socket.gethostname(), "since": since}
        try:
            write_bytes(self.folder / OWNER, encode(owner))
        except OSError as error:
            self._lock.release()
            raise UserError(_unwritable(folder, error)) from error

    def release(self) -> None:
        """Releases the lock. May be called again."""
        if self._lock.is_locked:
            with suppress(OSError):  # a record that stays does no harm
                (self.folder / OWNER).unlink(missing_ok=True)
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def refuse_in_use(folder: Path) -> None:
    """Raises `UserError` that names the owner where a process holds the lock of `folder`. Keeps no lock itself."""
    if (folder / LOCK).exists():
        _locked(folder).release()


def read_owner(folder: Path) -> dict[str, Any] | None:
    """Returns `pid`, `host` and `since` of the process that last locked `folder`; None once it has released it.

    A killed owner's record stays until the next process takes the lock.
    """
    try:
        record = json.loads((folder / OWNER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def _locked(folder: Path) -> "BaseFileLock":
    """Acquires the lock of `folder` without waiting."""
    from filelock import FileLock, Timeout

    path = folder.resolve() / LOCK
    # no marker file where a disk has no locks: one would outlive a killed process
    lock = FileLock(path, thread_local=False, fallback_to_soft=False)
    try:
        path.touch()  # filelock may take a file that cannot be made for one that is held
        lock.acquire(timeout=0)
    except Timeout as error:
        raise UserError(_in_use(folder)) from error
    except OSError as error:
        raise UserError(_unwritable(folder, error)) from error
    return lock


def _in_use(folder: Path) -> str:
    until = time.monotonic() + PATIENCE
    while (owner := read_owner(folder)) is None and time.monotonic() < until:
        time.sleep(0.02)
    pid, host, since = ((owner or {}).get(key, "?") for key in ("pid", "host", "since"))
    who = f"process {pid} on {host} since {since}"
    return f"run.name: {folder} is in use by {who}; wait for it to end, or choose another name"


def _unwritable(folder: Path, error: OSError) -> str:
    fix = "name a run.folder on a disk that can be written and locked"
    return f"run.folder: {folder} cannot be written ({error.strerror}); {fix}"
