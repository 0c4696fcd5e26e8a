"""Brings the rollout index up to date with the files of a run: one transaction per step, oldest first."""

import json
import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import compress, repeat
from pathlib import Path
from typing import Any

from whet.runs import layout
from whet.runs.index.judge_rollout import Judge
from whet.runs.index.schema import open_to_read, open_to_write
from whet.runs.index.step_file import Line, lines_of, sizes
from whet.runs.index.totals import add_visits, drop_step


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the index has got."""

    steps: int
    """Steps that are indexed as their files stand."""
    of: int
    """Steps whose rollouts are on disk."""
    stale: tuple[int, ...] = ()
    """Steps whose file is not indexed as it stands, in order."""
    gone: tuple[int, ...] = ()
    """Steps that are indexed and whose file is gone."""

    @property
    def whole(self) -> bool:
        """Whether nothing is left to do."""
        return not self.stale and not self.gone


def progress(folder: Path, path: Path) -> Progress:
    """Compares the index at `path` with the rollouts of the run in `folder`: by name and size of each step's file."""
    try:
        connection = open_to_read(path)
        if connection is None:
            known: dict[int, int] = {}
        else:
            with closing(connection):
                known = dict(connection.execute("SELECT step, bytes FROM files"))
    except sqlite3.Error:
        known = {}
    return _compared(known, sizes(folder))


def _compared(known: Mapping[int, int], there: Mapping[int, int]) -> Progress:
    stale = tuple(sorted(step for step, size in there.items() if known.get(step) != size))
    return Progress(len(there) - len(stale), len(there), stale, tuple(sorted(set(known) - set(there))))


def fill(folder: Path, path: Path, judge: Judge, seconds: float = float("inf"), check: bool = True) -> Progress:
    """Indexes what is stale for up to `seconds`, and returns how far it got. Several processes may call it at once.

    With `check` the index is first looked through for damage, and thrown away where there is some.

    Raises `OSError` or `sqlite3.Error` where the index cannot be written.
    """
    until = time.monotonic() + seconds
    with closing(open_to_write(path, check)) as connection:
        left = _compared(dict(connection.execute("SELECT step, bytes FROM files")), sizes(folder))
        for step in left.gone:
            _in_transaction(connection, step, None, judge)
        for step in left.stale:
            if time.monotonic() >= until:
                break
            _in_transaction(connection, step, _content(folder, step), judge)
    return progress(folder, path)


def _content(folder: Path, step: int) -> bytes | None:
    try:
        return (folder / layout.ROLLOUTS / layout.rollouts_name(step)).read_bytes()
    except FileNotFoundError:  # a resumed run has taken it away
        return None


def _in_transaction(connection: sqlite3.Connection, step: int, content: bytes | None, judge: Judge) -> None:
    """Replaces what the index has of `step` by the content of its file; takes it out where that is None."""
    lines = None if content is None else list(lines_of(content))
    connection.execute("BEGIN IMMEDIATE")
    try:
        drop_step(connection, step)
        if lines is not None:
            _insert(connection, lines, judge)
            connection.execute("INSERT INTO files VALUES (?, ?, ?)", (step, len(content or b""), len(lines)))
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _insert(connection: sqlite3.Connection, lines: Sequence[Line], judge: Judge) -> None:
    groups: defaultdict[int, list[Line]] = defaultdict(list)
    for line in lines:
        groups[line.record["group"]].append(line)
    rows = [row for group in groups.values() for row in _rows(connection, group, judge)]
    places = ", ".join("?" * 15)
    connection.executemany(f"INSERT OR REPLACE INTO rollouts VALUES ({places})", rows)
    add_visits(connection, rows)


def _rows(connection: sqlite3.Connection, group: Sequence[Line], judge: Judge) -> Iterator[tuple[Any, ...]]:
    """The rows of a group's rollouts, in the order of the table's columns."""
    problem = _problem(connection, group[0].record)
    rewards = {line.record.get("reward") for line in group}
    for record, start, size in group:
        verdict = judge(record)
        yield (
            record["step"], record["group"], record["sample"], problem,
            record.get("reward"), record.get("advantage"), mean_logprob(record), len(record.get("tokens") or ()),
            record.get("finish"), verdict.correct, _storable(verdict.answer), json.dumps(record.get("parts") or {}),
            len(rewards) > 1, start, size,
        )  # fmt: skip


def mean_logprob(record: Mapping[str, Any]) -> float | None:
    """The mean log-probability of the tokens that the policy wrote, in nats; None where there are none."""
    logprobs = record.get("logprobs") or []
    mask = record.get("loss_mask")
    if mask or None in logprobs:
        own = compress(logprobs, mask or repeat(True))
        logprobs = [value for value in own if value is not None]
    return sum(logprobs) / len(logprobs) if logprobs else None


def _problem(connection: sqlite3.Connection, record: Mapping[str, Any]) -> int:
    """The number of a rollout's problem, which is entered where it is new."""
    name = _storable(str(record.get("problem")))
    found = connection.execute("SELECT id FROM problems WHERE name = ?", (name,)).fetchone()
    if found:
        return int(found[0])
    texts = (_storable(record.get("question")), _storable(record.get("gold")))
    entered = connection.execute("INSERT INTO problems (name, question, gold) VALUES (?, ?, ?)", (name, *texts))
    return int(entered.lastrowid or 0)


def _storable(text: Any) -> str | None:
    """`text` without lone surrogates, which SQLite cannot store."""
    return None if text is None else str(text).encode("utf-8", errors="replace").decode()
