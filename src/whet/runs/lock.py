"""One owner at a time: two runs never write into one folder."""

import fcntl
import json
import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from whet.errors import UserError
from whet.runs.jsonl import encode, write_bytes
from whet.runs.layout import LOCK, OWNER

_held: set[Path] = set()
"""Folders that this process owns: the operating system tells only processes apart."""


class FolderLock:
    """Owns a run folder from `__init__` to `release`, or to the end of the process, however it ends.

    The lock is the operating system's (POSIX `lockf`), so a killed process leaves none behind and a child
    process does not inherit it.
    """

    def __init__(self, folder: Path) -> None:
        """Raises `UserError` that names the owner where the folder is in use."""
        self.folder = folder.resolve()
        if self.folder in _held:
            raise UserError(_in_use(folder))
        self._file = (self.folder / LOCK).open("ab")
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise UserError(_in_use(folder)) from error
        _held.add(self.folder)
        since = datetime.now(UTC).isoformat(timespec="seconds")
        owner = {"pid": os.getpid(), "host": socket.gethostname(), "since": since}
        write_bytes(self.folder / OWNER, encode(owner))

    def release(self) -> None:
        """Gives the folder up. May be called again."""
        if self.folder in _held and not self._file.closed:
            (self.folder / OWNER).unlink(missing_ok=True)
            _held.discard(self.folder)
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def read_owner(folder: Path) -> dict[str, Any] | None:
    """`pid`, `host` and `since` of the process that last took `folder`; None once it has given it up.

    A killed owner's record stays until the next one takes over.
    """
    try:
        record = json.loads((folder / OWNER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def _in_use(folder: Path) -> str:
    owner = read_owner(folder) or {}
    pid, host, since = (owner.get(key, "?") for key in ("pid", "host", "since"))
    who = f"process {pid} on {host} since {since}"
    return f"run.name: {folder} is in use by {who}; wait for it to end, or choose another name"
