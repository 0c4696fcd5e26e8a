"""`phases.json` of a run: how long each phase took, and the most memory that its processes took."""

import json
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from whet.files import write_bytes
from whet.runs import layout


def record_phases(run: Path, spent: Sequence[tuple[str, float]], peak: int | None) -> None:
    """Adds the phases of this process to those of earlier ones; a disk that is full keeps none.

    `spent` holds name and seconds, in order; `peak` bytes.
    """
    earlier = read_phases(run) or {}
    phases = [*earlier.get("phases", []), *([name, round(seconds, 3)] for name, seconds in spent)]
    peaks = [size for size in (earlier.get("peak_bytes"), peak) if size is not None]
    with suppress(OSError):
        found = {"phases": phases, "peak_bytes": max(peaks, default=None)}
        write_bytes(run / layout.PHASES, json.dumps(found).encode())


def read_phases(run: Path) -> dict[str, Any] | None:
    """Returns `phases`, a list of [name, seconds], and `peak_bytes`; None where there are none."""
    try:
        found = json.loads((run / layout.PHASES).read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def peak_bytes() -> int | None:
    """Returns the most memory that this process took so far, in bytes: of the GPU where it used one.

    None where the system does not say.
    """
    torch: Any = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
        return int(torch.cuda.max_memory_reserved())
    try:
        import resource
    except ImportError:
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
