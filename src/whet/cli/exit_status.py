"""Ends a command with its exit status and one line on an error, secrets redacted."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from whet.compute.rank import rank
from whet.errors import INTERRUPTED, UserError
from whet.files import disk_fault
from whet.redact import redact
from whet.text import first_line

DEBUG = "WHET_DEBUG"
"""The environment variable that shows tracebacks of internal errors."""


@contextmanager
def exit_status() -> Iterator[None]:
    """Exits the process after the block: 0 done · 2 the user's input is wrong · 75 interrupted · 1 failed."""
    status = 0
    try:
        with _flushed():
            yield
    except UserError as error:
        _say(redact(str(error)))
        status = 2
    except KeyboardInterrupt as interrupt:
        _say(str(interrupt) or "interrupted")
        status = INTERRUPTED
    except BrokenPipeError:  # the reader of our output closed it, as `head` does
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123
        status = 1
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        _say(_what_failed(error))
        status = 2 if disk_fault(error) else 1
    sys.exit(status)


def _say(what: str) -> None:
    """Prints a line on standard error; of processes that share a run, which all end for one reason, the first does."""
    if not rank():
        print(f"whet: {what}", file=sys.stderr)


@contextmanager
def _flushed() -> Iterator[None]:
    """Flushes standard output where the block ends well or by `sys.exit`, as `--help` does."""
    try:
        yield
    except SystemExit:
        sys.stdout.flush()
        raise
    sys.stdout.flush()


def _what_failed(error: Exception) -> str:
    if fault := disk_fault(error):
        where = f": {fault.filename}" if fault.filename else ""
        return f"{fault.strerror}{where}; make room there, or write elsewhere, and run it again"
    return f"failed with {type(error).__name__}: {first_line(error)} ({DEBUG}=1 shows where)"
