"""Ends a command with its exit status and one line on an error, secrets redacted."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from whet.errors import UserError
from whet.redact import redact
from whet.text import first_line

DEBUG = "WHET_DEBUG"
"""The environment variable that shows tracebacks of internal errors."""


@contextmanager
def exit_status() -> Iterator[None]:
    """Exits the process after the block: 0 done · 2 the user's input is wrong · 75 interrupted · 1 failed."""
    status = 0
    try:
        yield
        sys.stdout.flush()
    except UserError as error:
        print(f"whet: {redact(str(error))}", file=sys.stderr)
        status = 2
    except KeyboardInterrupt as interrupt:
        print(f"whet: {str(interrupt) or 'interrupted'}", file=sys.stderr)
        status = 75
    except BrokenPipeError:  # the reader of our output closed it, as `head` does
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123
        status = 1
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        print(f"whet: failed with {type(error).__name__}: {first_line(error)} ({DEBUG}=1 shows where)", file=sys.stderr)
        status = 1
    sys.exit(status)
