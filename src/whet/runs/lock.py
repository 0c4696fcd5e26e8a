"""One owner at a time: two runs never write into one folder."""

import errno
import fcntl
import json
import os
import socket
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Self

from whet.errors import UserError
from whet.runs.jsonl import encode, write_bytes
from whet.runs.layout import LOCK, OWNER

_held: set[Path] = set()
"""Folders that this process owns: the operating system tells only processes apart."""

TAKEN = {errno.EACCES, errno.EAGAIN}
"""How the operating system says that another process has the lock."""

PATIENCE = 1.0
"""Seconds that a new owner has to say who it is."""


class FolderLock:
    """Owns a run folder from `__init__` to `release`, or to the end of the process, however it ends.

    The lock is the operating system's (POSIX `lockf`), so a killed process leaves none behind and a child
    process does not inherit it. `owner.json` only says who has it: a lock that is free is taken, whatever stands
    there, be it a process that is gone, another machine, or a number that another process has by now.
    """

    def __init__(self, folder: Path) -> None:
        """Raises `UserError` that names the owner where the folder is in use, or says why it cannot be written."""
        self.folder = folder.resolve()
        self._file = _locked(folder)
        since = datetime.now(UTC).isoformat(timespec="seconds")
        owner = {"pid": os.getpid(), "host": socket.gethostname(), "since": since}
        try:
            write_bytes(self.folder / OWNER, encode(owner))
        except OSError as error:
            self._file.close()
            raise UserError(_unwritable(folder, error)) from error
        _held.add(self.folder)

    def release(self) -> None:
        """Gives the folder up. May be called again."""
        if self.folder in _held and not self._file.closed:
            with suppress(OSError):  # a record that stays does no harm
                (self.folder / OWNER).unlink(missing_ok=True)
            _held.discard(self.folder)
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def refuse_in_use(folder: Path) -> None:
    """Raises `UserError` that names the owner where a process owns `folder` now. Takes nothing over."""
    if (folder / LOCK).exists():
        _locked(folder).close()


def read_owner(folder: Path) -> dict[str, Any] | None:
    """`pid`, `host` and `since` of the process that last took `folder`; None once it has given it up.

    A killed owner's record stays until the next one takes over.
    """
    try:
        record = json.loads((folder / OWNER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def _locked(folder: Path) -> BinaryIO:
    """The lock file, locked until it is closed."""
    if folder.resolve() in _held:  # to open the file once more and close it would let go of the lock
        raise UserError(_in_use(folder))
    try:
        file = (folder / LOCK).open("ab")
    except OSError as error:
        raise UserError(_unwritable(folder, error)) from error
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise UserError(_in_use(folder) if error.errno in TAKEN else _unwritable(folder, error)) from error
    return file


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
