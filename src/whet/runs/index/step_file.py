"""Reads a step's file of rollouts with the place of each line; damaged and unfinished lines are left out."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from whet.runs import layout

NAME = re.compile(r"step-(\d{6,})\.jsonl")
"""The name of a step's file; `layout.rollouts_name` makes it."""


class Line(NamedTuple):
    """A rollout's record and where its line stands in the file, in bytes."""

    record: dict[str, Any]
    start: int
    size: int


def lines_of(content: bytes) -> Iterator[Line]:
    """Yields the rollouts of a step's file; one without its place in the step is left out."""
    start = 0
    for raw in content.split(b"\n")[:-1]:
        record = decoded(raw)
        if record is not None:
            yield Line(record, start, len(raw))
        start += len(raw) + 1


def decoded(raw: bytes) -> dict[str, Any] | None:
    """Returns the rollout of a line; None where the line is damaged."""
    try:
        record = json.loads(raw)
    except ValueError:
        return None
    whole = isinstance(record, dict) and all(isinstance(record.get(key), int) for key in ("step", "group", "sample"))
    return record if whole else None


def read_line(folder: Path, step: int, start: int, size: int) -> dict[str, Any] | None:
    """Returns the rollout whose line stands there in the file of `step`; None where it does not any more."""
    try:
        with (folder / layout.ROLLOUTS / layout.rollouts_name(step)).open("rb") as file:
            file.seek(start)
            return decoded(file.read(size))
    except OSError:
        return None


def sizes(folder: Path) -> dict[int, int]:
    """Step → size in bytes of each file of rollouts of a run, in no order. Links are left out."""
    try:
        with os.scandir(folder / layout.ROLLOUTS) as entries:
            return {
                int(match[1]): entry.stat().st_size
                for entry in entries
                if (match := NAME.fullmatch(entry.name)) and not entry.is_symlink()
            }
    except OSError:
        return {}
