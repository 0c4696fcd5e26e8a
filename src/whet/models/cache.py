"""A cache of converted models, in `$WHET_CACHE` or the user's cache folder."""

import errno
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from whet.errors import UserError
from whet.files import new_folder, sweep
from whet.text import Log, silent

UNWRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC}
"""Error numbers of failures that another folder fixes."""


def cache_folder() -> Path:
    """Returns `$WHET_CACHE`, else `$XDG_CACHE_HOME/whet`, else `~/.cache/whet`."""
    if chosen := os.environ.get("WHET_CACHE"):
        return Path(chosen).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "whet"


def build_once(target: Path, build: Callable[[Path], None], log: Log = silent) -> Path:
    """Returns `target`, made by `build(folder)` if it does not exist yet.

    Any number of processes may call this at once: one builds, the others wait for it. A `target` that exists is
    complete by construction.

    Raises `UserError` where the folder cannot be written, and whatever `build` raises.
    """
    if target.is_dir():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _locked(target.parent / f"{target.name}.lock", log):
            if target.is_dir():  # another process built it while this one waited for the lock
                return target
            sweep(target.parent, target.name)
            with new_folder(target) as folder:
                build(folder)
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        fix = "set WHET_CACHE to a folder with room that can be written"
        raise UserError(f"WHET_CACHE: {target} cannot be made ({error.strerror}); {fix}") from error
    return target


def _locked(path: Path, log: Log) -> AbstractContextManager[object]:
    """Waits for an exclusive lock on `path`, which the system releases when the process ends."""
    from filelock import FileLock, Timeout

    lock = FileLock(path, fallback_to_soft=False)
    try:
        return lock.acquire(timeout=0)
    except Timeout:
        log(f"another process is making {path.with_suffix('').name}; waiting for it")
        return lock.acquire()
