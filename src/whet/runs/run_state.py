"""What a run is doing, or how it ended: from its owner's process and the end of its log. Takes no lock."""

import re
import socket
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from whet.runs import layout
from whet.runs.lock import read_owner

State = Literal["running", "finished", "interrupted", "stopped", "failed", "killed", "unreadable"]

TAIL = 1 << 16
"""Bytes of the log's end that are read: enough for a traceback."""

QUIET = 600.0
"""Seconds without a write after which a run on another machine counts as ended."""

SLACK = 5.0
"""Seconds by which a process may seem younger than its lock: clocks round."""

LINE = re.compile(r"^\d{4}-\d\d-\d\dT[\d:.+-]+Z? (.*)$")
PHASE = re.compile(r"^\[(.+?)(?: (\d+)/(\d+))?\]")


@dataclass(frozen=True, slots=True)
class RunState:
    """The state of a run, why it is so where that is known, and the phase it is in while it runs."""

    state: State
    why: str | None = None
    phase: str | None = None


def state_of(folder: Path) -> RunState:
    """Returns the state of the run in `folder`.

    `running`: its process lives. `interrupted`, `killed` (its process went without a word): `whet resume` goes on.
    `stopped`: there was something to fix, which `why` names. `failed`: by an error, its last line in `why`.
    """
    lines = _tail(folder / layout.LOG)
    if is_alive(read_owner(folder), folder):
        return RunState("running", phase=_phase(lines))
    return _ended(lines)


def is_alive(owner: dict[str, Any] | None, folder: Path) -> bool:
    """Whether the process in `owner.json` still runs: by its id and age on this machine, by recent writes on others."""
    if owner is None:
        return False
    if owner.get("host") != socket.gethostname():
        return time.time() - _last_write(folder) < QUIET
    return _is_process(owner.get("pid"), owner.get("since"))


def _is_process(pid: Any, since: Any) -> bool:
    """Whether `pid` lives and is not a later process that was given the same id."""
    from psutil import AccessDenied, NoSuchProcess, Process

    try:
        born = Process(pid).create_time()
        return bool(born <= datetime.fromisoformat(since).timestamp() + SLACK)
    except AccessDenied:
        return True
    except (NoSuchProcess, TypeError, ValueError):
        return False


def _last_write(folder: Path) -> float:
    """The newest time of change of the files that a run writes as it goes, in seconds since 1970."""
    names = (layout.LOG, layout.METRICS, layout.TIMINGS)
    return max((path.stat().st_mtime for name in names if (path := folder / name).is_file()), default=0.0)


def _tail(path: Path) -> list[str]:
    """The last lines of the log, the first of which may be cut."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - TAIL))
            return file.read().decode("utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _said(lines: list[str]) -> list[str]:
    """The texts of the lines that carry a time: without those of tracebacks."""
    return [match[1] for line in lines if (match := LINE.match(line))]


def _phase(lines: list[str]) -> str | None:
    return next((match[1] for text in reversed(_said(lines)) if (match := PHASE.match(text))), None)


def _ended(lines: list[str]) -> RunState:
    last = (_said(lines) or [""])[-1]
    if last == "finished":
        return RunState("finished")
    if last.startswith("stopped: "):
        return RunState("stopped", last.removeprefix("stopped: "))
    if last.startswith("failed:"):
        return RunState("failed", lines[-1].strip())
    if last.endswith("goes on"):
        return RunState("interrupted")
    return RunState("killed")
