"""Where an export is written: beside its place first, and moved there when it is whole and checked."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from whet.errors import UserError
from whet.files import disk_fault, fsync, why_unwritable

SPARE = 2**26
"""Bytes besides the weights: tokenizer, tables, rounding."""


def refuse_place(target: Path, replace: bool, suffix: str) -> None:
    """Raises `UserError` where `target` cannot be written, or is there already and not to be replaced.

    `suffix` is how the name of a file must end; empty for a folder.
    """
    if suffix and target.suffix != suffix:
        raise UserError(f"--to: {target} must end in {suffix}, as it will be a file of that kind")
    if reason := why_unwritable(target.parent):
        raise UserError(f"--to: {target} cannot be written ({reason}); name another place")
    if not target.exists():
        return
    if not replace:
        raise UserError(f"--to: {target} is there already; name another place, or say --replace")
    if suffix and not target.is_file():
        raise UserError(f"--to: {target} is a folder, and a {suffix} file would replace it; name another place")
    if not suffix and not _is_export(target):
        raise UserError(
            f"--to: {target} is no folder of a model, and --replace replaces only those; name another place"
        )


def refuse_full(target: Path, needed: int) -> None:
    """Raises `UserError` where the disk of `target` has no room for `needed` bytes."""
    nearest = next(path for path in target.absolute().parents if path.exists())
    free = shutil.disk_usage(nearest).free
    if free < needed + SPARE:
        sizes = f"needs {(needed + SPARE) / 1e6:.0f} MB for a moment, and {free / 1e6:.0f} MB are free"
        raise UserError(f"--to: {target} {sizes}; make room, or name a place on another disk")


@contextmanager
def staged(target: Path) -> Iterator[Path]:
    """Yields a path of the same name in a temporary folder beside `target`, to write a file or folder at.

    When the block ends without an error, everything is fsynced and moved to `target`, in place of what is there. Where
    it raises, nothing is left. Raises `UserError` for a disk that is full.
    """
    target = target.absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(mkdtemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent))
    try:
        new = work / target.name
        yield new
        for path in [*sorted(new.rglob("*"), reverse=True), new]:
            fsync(path)
        if target.is_dir():
            target.rename(work / "replaced")
        new.replace(target)
        fsync(target.parent)
    except UserError:
        raise
    except Exception as error:  # safetensors tells of a full disk in types of its own
        if fault := disk_fault(error):
            raise UserError(f"--to: {target} cannot be written ({fault.strerror}); make room") from error
        raise
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _is_export(folder: Path) -> bool:
    """Whether a folder holds nothing but what exports write there: never replace somebody's home."""
    marks = ("config.json", "adapter_config.json", "Modelfile")
    return folder.is_dir() and any((folder / mark).is_file() for mark in marks)
