"""The worker's side: gets ready, then answers requests until it is told no more."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from socket import socket
from typing import Any

from whet.errors import UserError
from whet.workers.frames import receive, send

Service = Callable[[bytes], bytes]
"""What a worker does: from a request to its answer. What it raises ends the worker."""

READY = b""
"""The first message of a worker that is ready; of one that is not, the reason."""

_SIGNAL_AT_PARENTS_DEATH = 1
"""`PR_SET_PDEATHSIG` of Linux."""


def find(name: str) -> Callable[[Any], Service]:
    """What makes the service `module:function` from its setup."""
    module, _, function = name.partition(":")
    return getattr(import_module(module), function)  # type: ignore[no-any-return]


def serve(keeper: socket, make: Callable[[], Service]) -> None:
    """Says that it is ready, or why it is not, and answers request after request.

    Raises:
        EOFError, OSError: the keeper is gone.
    """
    try:
        service = make()
    except (Exception, SystemExit) as error:
        send(keeper, _why(error).encode(errors="backslashreplace"))
        return
    send(keeper, READY)
    while True:
        answer = service(receive(keeper))
        sys.stdout.flush()
        sys.stderr.flush()
        send(keeper, answer)


def _why(error: BaseException) -> str:
    """In one line; what the user must fix is said in its own words."""
    text = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
    return " ".join(text.split())[:500] or type(error).__name__


def die_with(parent: int) -> None:
    """Has the kernel kill this process as soon as its parent ends. Where it cannot, the end of the socket must do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SIGNAL_AT_PARENTS_DEATH, int(signal.SIGKILL))
    if os.getppid() != parent:  # it ended before
        os._exit(1)
