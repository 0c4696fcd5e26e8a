"""The models of runs: the finished one, checkpoints, the untrained one; and as the API serves them, by name."""

from collections.abc import Iterator
from pathlib import Path

from whet.dashboard.library import Library
from whet.dashboard.rows.run_list import run_rows
from whet.dashboard.rows.shares import Row
from whet.errors import UserError
from whet.runs import layout
from whet.serve.served_model import ServedModel, open_model
from whet.serve.shelf import Shelf

TIMES_WEIGHTS = 2.0
"""Memory that a model takes, as a multiple of its file: its weights, and the engine's copy of them."""


def models_of(path: Path) -> list[Row]:
    """The models of the run in a folder: a `title`, and the `part` as in `RUN:part`, empty for the finished model."""
    final = [{"part": "", "title": "final model"}] if (path / layout.FINAL).is_dir() else []
    folders = [*(path / layout.CHECKPOINTS).glob("step-*"), *(path / layout.MODELS).glob("step-*")]
    steps = sorted({int(folder.name[5:]) for folder in folders if folder.name[5:].isdecimal()}, reverse=True)
    kept = [{"part": f"step-{step}", "title": f"checkpoint after {step} steps"} for step in steps]
    return [*final, *kept, {"part": layout.BASE, "title": "untrained"}]


def trains(library: Library) -> bool:
    """Whether any of the runs is going on."""
    return any(row["state"] == "running" for row in run_rows(library.listing(), budget=0.0))


def too_large(path: Path, count: int) -> str | None:
    """Why `count` models of a run would take the memory that a training needs; None where they would not."""
    import psutil

    sizes = [file.stat().st_size for file in path.glob(f"{layout.FINAL}/*.safetensors")]
    need = int(TIMES_WEIGHTS * sum(sizes)) * count
    free = int(psutil.virtual_memory().available)
    if need < free // 2:
        return None
    return (
        f"the models need about {need / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free while a run trains; wait for it"
    )


def shelf_of(library: Library) -> Shelf:
    """The models of all runs by name: the run's id for its finished model, `ID:step-N`, `ID:base`."""
    return Shelf(lambda: [name for name, _, _ in _named(library)], lambda name: _opened(library, name))


def _named(library: Library) -> Iterator[tuple[str, Path, str]]:
    """Yields each model's name, its run's folder and its part."""
    for id, path in library.listing().items():
        for one in models_of(path):
            yield (f"{id}:{one['part']}" if one["part"] else id), path, one["part"]


def _opened(library: Library, name: str) -> ServedModel:
    """Loads a model by name. Raises `UserError` where it is gone, or too large beside a training."""
    for known, path, part in _named(library):
        if known == name:
            if trains(library) and (refusal := too_large(path, 1)):
                raise UserError(f"model: {refusal}")
            return open_model(f"{path}:{part}" if part else str(path))[1]
    raise UserError(f"model: {name!r} is not here any more")
