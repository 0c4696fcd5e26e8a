"""Finds a run by what a user calls it: its folder, its bare name in runs/, one of its stages or checkpoints.

`RUN`, `RUN:base`, `RUN:step-40` and `RUN/checkpoints/step-40` mean the same to every command.
"""

import re
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path

from whet.errors import UserError
from whet.runs import layout
from whet.runs.reader import RunReader, is_run

RUNS = Path("runs")
"""Where runs lie unless `run.folder` says otherwise."""

STEP = re.compile(r"step-(\d+)")


@dataclass(frozen=True, slots=True)
class Address:
    """A run, and a part of it where one is named."""

    path: Path
    """The run folder."""
    part: str = ""
    """A stage (`base`, `sft`, `final`) or `step-N`; empty for the run itself."""

    @property
    def reader(self) -> RunReader:
        """A reader of the run folder."""
        return RunReader(self.path)

    @property
    def step(self) -> int | None:
        """N of `step-N`; None for any other part.

        >>> Address(Path("runs/it-001"), "step-000040").step
        40
        """
        match = STEP.fullmatch(self.part)
        return int(match[1]) if match else None

    def __str__(self) -> str:
        return f"{self.path}:{self.part}" if self.part else str(self.path)


def locate(what: str | PathLike[str], parent: Path = RUNS) -> Address | None:
    """Returns the run that `what` names; None where it names none.

    A folder on disk comes before a run of that name in `parent`, if it is a run or a model.
    """
    text = fspath(what)
    path = Path(text).expanduser()
    if found := _folder(text, parent):
        return Address(found)
    if STEP.fullmatch(path.name) and path.parent.name == layout.CHECKPOINTS and is_run(path.parent.parent):
        return Address(path.parent.parent, path.name)
    run, _, part = text.rpartition(":")
    found = _folder(run, parent) if run and part else None
    return Address(found, part) if found else None


def find_run(what: str | PathLike[str], parent: Path = RUNS) -> Path:
    """Returns the folder of the run that `what` names, as `locate` does; where there is none, the folder it would have.

    Raises `UserError` for a part of a run: it is asked for by what takes a whole one.

    >>> find_run("no-such-run-001").as_posix()
    'runs/no-such-run-001'
    """
    path, found = Path(what).expanduser(), locate(what, parent)
    if found and found.part:
        raise UserError(f"run: {what} is a part of a run; name the run itself, {found.path}")
    if found:
        return found.path
    return path if path.is_dir() or len(path.parts) != 1 else parent / path


def _folder(name: str, parent: Path) -> Path | None:
    """The run folder that is called so, or lies in `parent` under this bare name."""
    path = Path(name).expanduser()
    if is_run(path):
        return path
    is_model = path.is_file() or (path / "config.json").is_file()
    bare = len(path.parts) == 1 and path.name not in ("", ".", "..")
    return parent / name if bare and not is_model and is_run(parent / name) else None
