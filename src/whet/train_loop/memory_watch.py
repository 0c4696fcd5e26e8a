"""Watches the free memory while a run goes, so that `whet resume` knows of one that the system killed for memory.

The kernel ends a process by SIGKILL, of which the process learns nothing. What it leaves is a lock record without a
clean end (`owner.json`), and beside it the least free memory that this thread saw (`memory.json`).
"""

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from whet.config import Config
from whet.files import write_bytes
from whet.policy.free_memory import Memory, system_memory
from whet.runs import layout
from whet.runs.jsonl import encode
from whet.runs.lock import read_owner
from whet.text import Log

SHORT = 0.1
"""Memory is short where less than this share of it is free."""

LARGE = 0.25
"""A process that has less than this share of the memory is not the one that the kernel ends."""

FORGET = 120.0
"""Seconds without a shortage after which a kill is put down to something else; the peaks of a step come back sooner."""

LEAST_TOKENS = 64
"""No micro-batch is made smaller than this."""

GB = 1e9


@dataclass(frozen=True, slots=True)
class Shortage:
    """The least free memory that a process saw, in bytes."""

    pid: int
    free: int
    total: int
    resident: int
    """Of the process itself."""


@contextmanager
def watched_memory(run: Path, every: float = 0.25, forget: float = FORGET) -> Iterator[None]:
    """In the block a thread keeps `memory.json` of the run at `run`, which is there only where memory was short.

    It looks every so many seconds, and removes the file once memory was not short for `forget` seconds.
    """
    ended, path = threading.Event(), run / layout.MEMORY
    path.unlink(missing_ok=True)

    def watch() -> None:
        least: int | None = None
        seen = 0.0
        while not ended.wait(every):
            found, now = shortage(system_memory(), resident_bytes()), time.monotonic()
            seen = now if found else seen
            with suppress(OSError):  # a full disk is told of elsewhere
                if found and (least is None or found.free < 0.8 * least):
                    least = found.free
                    write_bytes(path, encode(asdict(found)))
                elif least is not None and now - seen > forget:
                    least = None
                    path.unlink(missing_ok=True)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def shortage(memory: Memory, resident: int) -> Shortage | None:
    """Returns what to keep where memory is short and this process, of `resident` bytes, takes much of it."""
    short = memory.available < SHORT * memory.total and resident > LARGE * memory.total
    return Shortage(os.getpid(), memory.available, memory.total, resident) if short else None


def resident_bytes() -> int:
    """Returns the bytes of memory that this process occupies."""
    import psutil

    return int(psutil.Process().memory_info().rss)


def killed_for_memory(run: Path) -> Shortage | None:
    """Returns the shortage in which the last process of the run at `run` ended without a word; None for any other end.

    To be asked before the run is opened again, which takes the lock record over.
    """
    owner = read_owner(run)
    try:
        found = Shortage(**json.loads((run / layout.MEMORY).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return found if owner and owner.get("pid") == found.pid else None


def with_smaller_micro_batches(config: Config, found: Shortage, log: Log) -> Config:
    """Returns the recipe with micro-batches half as large, and logs why; unchanged where they have no size yet.

    The gradient is the same sum in other parts, so figures differ from those of an undisturbed run by rounding alone.
    """
    stages = {name: stage for name in ("sft", "grpo") if (stage := getattr(config, name)).micro_batch_tokens}
    halved = {name: half(stage.micro_batch_tokens) for name, stage in stages.items()}
    changed = {
        name: stage.model_copy(update={"micro_batch_tokens": halved[name]})
        for name, stage in stages.items()
        if halved[name] < stage.micro_batch_tokens
    }
    free, total, had = (f"{size / GB:.1f}" for size in (found.free, found.total, found.resident))
    sizes = " and ".join(f"{name}.micro_batch_tokens {halved[name]:,}" for name in changed)
    log(
        f"resume: the run was killed while {free} of {total} GB of memory were free and it had {had}: "
        + (f"it goes on with {sizes}, half as many; the gradient is the same but for rounding" if changed else SMALLEST)
    )
    return config.model_copy(update=changed)


SMALLEST = "its micro-batches cannot be made smaller; lower grpo.group_size or grpo.sampling.max_tokens in recipe.yaml"


def half(tokens: int) -> int:
    """Half of a micro-batch's tokens, but not fewer than `LEAST_TOKENS`, unless there are fewer already.

    >>> half(2048), half(100), half(32)
    (1024, 64, 32)
    """
    return min(tokens, max(tokens // 2, LEAST_TOKENS))
