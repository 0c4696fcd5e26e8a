"""The figures of a growing `metrics.jsonl` or `timings.jsonl` as columns: 8 bytes a figure, each line parsed once."""

import json
import math
import os
from array import array
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import Any

NAN = float("nan")
NUMBERS = {int, float}
"""Types of figures; true and false are none."""


class PhaseColumns:
    """The steps of one phase and, for each figure, one value per step; NaN where a step has none."""

    def __init__(self) -> None:
        self.steps = array("q")
        self.values: dict[str, array[float]] = {}

    def add(self, record: dict[str, Any]) -> None:
        """Adds a line's figures; whatever is no number is left out."""
        count, values, found = len(self.steps), self.values, 0
        self.steps.append(record["step"])
        for name, value in record.items():
            if type(value) not in NUMBERS or name == "step":
                continue
            if name not in values:
                values[name] = array("d", [NAN]) * count
            values[name].append(value)
            found += 1
        if found < len(values):
            for column in values.values():
                if len(column) == count:
                    column.append(NAN)

    def figures(self, row: int) -> dict[str, float]:
        """The figures of one step by name, without those that it has not."""
        return {name: column[row] for name, column in self.values.items() if not math.isnan(column[row])}


class Columns:
    """Incremental reader of a growing file of figures. `refresh` reads what was added; threads may share it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()
        self._restart()

    def _restart(self) -> None:
        self._phases: dict[str, PhaseColumns] = {}
        self._inode = self._end = 0
        self._last = b""

    def refresh(self) -> None:
        """Reads the finished lines that were added. A file that was truncated or replaced is read from its start."""
        with self._lock:
            try:
                with self.path.open("rb") as file:
                    self._read(file)
            except FileNotFoundError:
                self._restart()

    def _read(self, file: Any) -> None:
        inode = os.fstat(file.fileno()).st_ino
        file.seek(self._end - len(self._last))  # the last line again, to see that it is still there
        added = file.read()
        if inode != self._inode or not added.startswith(self._last):
            self._restart()
            file.seek(0)
            added = file.read()
        self._inode = inode
        whole = added[len(self._last) : added.rfind(b"\n") + 1]
        if not whole:
            return
        for record in parsed(whole):
            self._phases.setdefault(str(record.get("phase", "grpo")), PhaseColumns()).add(record)
        self._end += len(whole)
        self._last = whole[whole.rfind(b"\n", 0, -1) + 1 :]

    def phase(self, name: str) -> PhaseColumns:
        """The columns of a phase (`grpo`, `sft`) as they stand; empty where there are none. They only grow."""
        return self._phases.get(name) or PhaseColumns()


def parsed(lines: bytes) -> Iterator[dict[str, Any]]:
    """Yields the records of finished lines that have a step; a line that is damaged is left out."""
    for line in lines.split(b"\n"):
        try:
            record = json.loads(line) if line.strip() else None
        except ValueError:
            continue
        if isinstance(record, dict) and isinstance(record.get("step"), int):
            yield record
