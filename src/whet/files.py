"""File operations: atomic writes of files and folders, digests, fsync, and whether a disk is full."""

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_bytes(path: Path, content: bytes) -> None:
    """Writes `content` to `path` atomically: readers see the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(path.parent.stat().st_mode & 0o666)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Yields a temporary folder beside `target` that is renamed to `target` when the block ends without an error.

    Every file is fsynced before the rename and the parent after it, so that neither a killed process nor a
    power cut can leave a half-written `target`. Permissions follow the parent folder's.

    Raises `FileExistsError` where `target` exists already. The folder is removed where the block raises.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        raise FileExistsError(f"{target} exists already")
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent))
    try:
        yield temporary
        _settle(temporary, target.parent.stat().st_mode & 0o777)
        temporary.rename(target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    fsync(target.parent)


def why_unwritable(folder: Path) -> str:
    """Returns why nothing can be written in `folder`, which need not exist yet, as far as that can be known; else "".

    >>> why_unwritable(Path("/dev/null/runs"))
    '/dev/null is no folder'
    """
    whole = folder.absolute()
    nearest = next(path for path in (whole, *whole.parents) if path.exists())
    if not nearest.is_dir():
        return f"{nearest} is no folder"
    return "" if os.access(nearest, os.W_OK | os.X_OK) else "Permission denied"


def remove_folder(folder: Path) -> None:
    """Removes `folder` atomically; a process killed half-way leaves a temporary folder that `sweep` removes."""
    doomed = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".tmp", dir=folder.parent))
    folder.rename(doomed / folder.name)
    fsync(folder.parent)
    shutil.rmtree(doomed, ignore_errors=True)


def sweep(parent: Path, name: str = "*") -> None:
    """Removes temporary folders that killed processes left of folders called `name`. Only for the owner of `parent`."""
    for leftover in parent.glob(f".{name}.*.tmp"):
        shutil.rmtree(leftover, ignore_errors=True)


def sha256_of(path: Path) -> str:
    """Returns the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fsync(path: Path) -> None:
    """Waits until `path`, a file or a folder, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _settle(folder: Path, mode: int) -> None:
    """Sets permissions of everything in `folder` and fsyncs it, innermost first."""
    for path in [*sorted(folder.rglob("*"), reverse=True), folder]:
        path.chmod(mode if path.is_dir() else mode & 0o666)
        fsync(path)


FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""Error numbers of a disk that is full, by its size or by a quota, or read-only."""

_FULL_WORDS = {
    **{os.strerror(number).lower(): number for number in FULL},
    **{f"(os error {number})": number for number in FULL},  # Rust: safetensors, tokenizers
    "database or disk is full": errno.ENOSPC,  # sqlite
    "attempt to write a readonly database": errno.EROFS,
}
"""What libraries say that raise errors of their own, in lower case, and its error number."""


def disk_fault(error: BaseException) -> OSError | None:
    """Returns the `OSError` of a full or read-only disk that `error` is, was caused by or tells of; None for any other.

    >>> disk_fault(RuntimeError("I/O error: No space left on device (os error 28)"))
    OSError(28, 'No space left on device')
    """
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno in FULL:
            return seen
        said = str(seen).lower()
        if number := next((number for words, number in _FULL_WORDS.items() if words in said), None):
            return OSError(number, os.strerror(number))
        seen = seen.__cause__ or seen.__context__
    return None
