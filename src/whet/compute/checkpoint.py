"""Writes and reads checkpoints atomically: tensors in safetensors, the rest in JSON, no pickle.

A checkpoint is a folder `step-N`: `<name>.safetensors` for each set of tensors, `state.json`, and last of all
`MANIFEST.json` with the size and SHA-256 of each file. It is made in a temporary folder, fsynced and renamed:
a killed process leaves the previous one valid. Later damage is detected by the manifest and set aside.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet.compute.tensors import load_tensors, on_host
from whet.files import fsync, new_folder, remove_folder, sha256_of, sweep
from whet.text import Log, silent

if TYPE_CHECKING:
    from torch import Tensor

MANIFEST, STATE = "MANIFEST.json", "state.json"

FORMAT = 1
"""Raised when the layout of a checkpoint changes."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint read into memory."""

    tensors: "Mapping[str, Mapping[str, Tensor]]"
    """Sets of tensors by name, such as `model` and `optimizer`, on the CPU."""
    state: Mapping[str, Any]
    """The rest, as JSON gives it back: tuples are lists, keys are strings."""


def save_checkpoint(
    folder: Path,
    tensors: "Mapping[str, Mapping[str, Tensor]]",
    state: Mapping[str, Any],
    copied: Callable[[], object] = lambda: None,
) -> None:
    """Writes a checkpoint to `folder`, which appears complete or not at all.

    Calls `copied` as soon as the tensors are read for the last time: before they are on the disk where they come from a
    GPU, and before they are hashed and read back in any case.

    Names of tensor sets become file names. Tensors that share storage are stored once and share it again when
    loaded. Equal input gives equal bytes.

    Raises `FileExistsError` where `folder` exists, `ValueError` where `state` holds NaN or infinity and
    `TypeError` where it holds what JSON cannot.
    """
    text = json.dumps(state, allow_nan=False, indent=1)
    with new_folder(folder) as temporary:
        sets = {name: on_host(members) for name, members in tensors.items()}
        if all(members.are_apart for members in sets.values()):
            copied()
        for name, members in sets.items():
            members.write(temporary / f"{name}.safetensors")
        copied()
        (temporary / STATE).write_text(text, encoding="utf-8")
        files = {path.name: _fingerprint(path) for path in sorted(temporary.iterdir())}
        for name in files:
            fsync(temporary / name)
        manifest = {"format": FORMAT, "files": files}
        (temporary / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")


def load_checkpoint(folder: Path) -> Checkpoint:
    """Reads and verifies the checkpoint in `folder`.

    Raises `ValueError`, naming the file, where something is missing or damaged.
    """
    if fault := what_is_wrong(folder):
        raise ValueError(f"checkpoint {folder}: {fault}")
    tensors = {path.stem: load_tensors(path) for path in sorted(folder.glob("*.safetensors"))}
    return Checkpoint(tensors, json.loads((folder / STATE).read_text(encoding="utf-8")))


def what_is_wrong(folder: Path) -> str:
    """Returns why `folder` is no valid checkpoint, naming the file; empty where it is valid. Reads every byte."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        files = {str(name): dict(expected) for name, expected in manifest["files"].items()}
    except FileNotFoundError:
        return f"{MANIFEST} is missing"
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"{MANIFEST} is damaged"
    if manifest.get("format") != FORMAT:
        return f"{MANIFEST} is of format {manifest.get('format')}, this version of Whet reads {FORMAT}"
    if STATE not in files:
        return f"{MANIFEST} does not list {STATE}"
    faults = (_file_fault(folder / name, expected) for name, expected in files.items())
    return next((fault for fault in faults if fault), "")


def _file_fault(path: Path, expected: Mapping[str, Any]) -> str:
    if not path.is_file():
        return f"{path.name} is missing"
    size = path.stat().st_size
    if size != expected.get("bytes"):
        return f"{path.name} has {size} bytes, not the {expected.get('bytes')} that were written"
    if sha256_of(path) != expected.get("sha256"):
        return f"{path.name} is not what was written: its SHA-256 differs"
    return ""


def _fingerprint(path: Path) -> dict[str, Any]:
    return {"bytes": path.stat().st_size, "sha256": sha256_of(path)}


def step_folder(parent: Path, step: int) -> Path:
    """Returns the folder of the checkpoint of `step`.

    >>> step_folder(Path("checkpoints"), 40).as_posix()
    'checkpoints/step-40'
    """
    return parent / f"step-{step}"


def step_of(folder: Path) -> int | None:
    """Returns the step in a checkpoint folder's name; None for any other name.

    >>> step_of(Path("step-40")), step_of(Path("step-40.broken")), step_of(Path("best"))
    (40, None, None)
    """
    match = re.fullmatch(r"step-(\d+)", folder.name)
    return int(match[1]) if match else None


def checkpoints(parent: Path) -> list[Path]:
    """Returns the checkpoint folders in `parent`, newest first, valid or not."""
    found = [(step, path) for path in parent.glob("step-*") if (step := step_of(path)) is not None]
    return [path for _, path in sorted(found, reverse=True)]


def newest_valid(parent: Path, log: Log = silent) -> Path | None:
    """Returns the newest valid checkpoint in `parent`, or None; renames broken ones `….broken` and logs each.

    Also removes the temporary files of killed processes, so only the run's owner may call it.
    """
    sweep(parent, "step-*")
    for folder in checkpoints(parent):
        fault = what_is_wrong(folder)
        if not fault:
            return folder
        aside = _set_aside(folder)
        log(f"checkpoint {folder.name} is broken and set aside as {aside.name}: {fault}")
    return None


def _set_aside(folder: Path) -> Path:
    """Renames it to the first name that is free: `….broken`, `….broken-2`, `….broken-3`."""
    endings = chain([""], (f"-{number}" for number in count(2)))
    names = (folder.with_name(f"{folder.name}.broken{ending}") for ending in endings)
    return folder.rename(next(name for name in names if not name.exists()))


def remove_checkpoints(parent: Path) -> None:
    """Removes `parent` with all its checkpoints."""
    if parent.is_dir():
        remove_folder(parent)


def prune(parent: Path, keep: int = 2, protect: Collection[Path] = ()) -> list[Path]:
    """Removes old checkpoints and returns them: the newest `keep` valid ones stay, and those in `protect`.

    Older ones are removed only once `keep` newer ones have been read back and verified.
    """
    protected = {path.resolve() for path in protect}
    valid, removed = 0, []
    for folder in checkpoints(parent):
        if valid >= keep and folder.resolve() not in protected:
            remove_folder(folder)
            removed.append(folder)
        elif valid < keep and not what_is_wrong(folder):
            valid += 1
    return removed
