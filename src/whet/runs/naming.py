"""Names of run folders: a requested name, or a stem and the next free number."""

import re
from pathlib import Path

from whet.errors import UserError
from whet.files import why_unwritable
from whet.runs import layout
from whet.runs.lock import refuse_in_use

ALLOWED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def check_name(name: str) -> str:
    """Returns `name` if it can name a run folder on any system.

    Raises `UserError` otherwise.

    >>> check_name("gsm8k-lr1e-6")
    'gsm8k-lr1e-6'
    """
    if not ALLOWED.fullmatch(name):
        fix = "use letters, digits, '.', '_' and '-', starting with a letter or digit"
        raise UserError(f"run.name: {name!r} cannot name a folder; {fix}")
    return name


def stem_of(text: str) -> str:
    """Makes the stem of a run name from any text, such as a recipe's file name.

    >>> stem_of("my recipe (2).yaml"), stem_of("…")
    ('my-recipe-2', 'run')
    """
    text = text.removesuffix(".yaml").removesuffix(".yml")
    return re.sub(r"[^A-Za-z0-9._]+", "-", text).strip("-._")[:80] or "run"


def check_place(parent: Path, name: str | None = None) -> None:
    """Raises `UserError` where `new_folder` would fail, as far as that can be known; creates nothing."""
    if reason := why_unwritable(parent):
        raise UserError(_unwritable(parent, reason))
    if name and (parent / check_name(name)).is_dir():
        refuse_taken(parent / name)


def new_folder(parent: Path, stem: str, name: str | None = None) -> Path:
    """Creates and returns `parent/name`, or `parent/stem-001`, `-002`, … without a name.

    Raises `UserError` where the named folder has something in it, or the parent cannot be written.
    """
    try:
        parent.mkdir(parents=True, exist_ok=True)
        return _named(parent / check_name(name)) if name else _numbered(parent, check_name(stem))
    except OSError as error:
        raise UserError(_unwritable(parent, str(error.strerror))) from error


def refuse_taken(path: Path) -> None:
    """Raises `UserError` if `is_taken`, naming the owner if the folder is in use."""
    if is_taken(path):
        refuse_in_use(path)
        raise UserError(f"run.name: {path} exists; choose another name")


def _unwritable(parent: Path, reason: str) -> str:
    return f"run.folder: {parent} cannot be written ({reason}); name a folder that can be written"


def _named(path: Path) -> Path:
    path.mkdir(exist_ok=True)
    refuse_taken(path)
    return path


def is_taken(path: Path) -> bool:
    """Whether a folder holds more than the remains of a run killed before it wrote its manifest."""
    return not all(_is_half_made(inside.name) for inside in path.iterdir())


def _is_half_made(name: str) -> bool:
    """Whether a file of this name is written before the manifest, so that nothing is lost with it."""
    return name in (layout.RECIPE, layout.LOCK, layout.OWNER) or (name.startswith(".") and name.endswith(".tmp"))


def _numbered(parent: Path, stem: str) -> Path:
    pattern = re.compile(re.escape(stem) + r"-(\d+)")
    numbers = [int(match[1]) for path in parent.iterdir() if (match := pattern.fullmatch(path.name))]
    number = max(numbers, default=0) + 1
    while True:
        path = parent / f"{stem}-{number:03d}"
        try:
            path.mkdir()
            return path
        except FileExistsError:  # another run took this number just now
            number += 1
