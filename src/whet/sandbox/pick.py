"""Picks the strongest sandbox that works on this machine, tested with a program that tries to escape."""

from functools import cache
from tempfile import NamedTemporaryFile

from whet.errors import UserError
from whet.sandbox.backends import BACKENDS, Backend
from whet.sandbox.run_tests import Sandbox
from whet.sandbox.server import SandboxError
from whet.sandbox.wire import PASSED

TRIAL = '''
import os, socket

def escapes(path):
    """What works that must not."""
    tries = {
        "reads files": lambda: open(path).close(),
        "writes files": lambda: open(path + ".new", "w").close(),
        "opens sockets": lambda: socket.socket().close(),
        "starts processes": lambda: os.fork() or os._exit(0),
        "sends signals": lambda: os.kill(os.getppid(), 0),
    }
    return [name for name in tries if works(tries[name])]

def works(attempt):
    try:
        attempt()
    except OSError:
        return False
    return True
'''


def pick(unsafe: bool = False) -> Backend:
    """Returns the strongest backend that works here; with `unsafe`, a weak one if no strong one does.

    Raises:
        UserError: none works; the message says what each lacks, with the fix.
    """
    lacking = []
    for backend in (backend for backend in BACKENDS if unsafe or not backend.weakness):
        fault = backend.missing() or shortcoming(backend)
        if fault is None:
            return backend
        lacking.append(f"{backend.name}: {fault}")
    anyway = "" if unsafe else ", or write `unsafe: true` among its params to run programs with less protection"
    raise UserError(
        f"rewards has 'code_tests': no sandbox works here ({'; '.join(lacking)}); fix one of these, for instance "
        f"install bubblewrap{anyway}"
    )


@cache
def shortcoming(backend: Backend) -> str | None:
    """Returns why a backend does not start or lets a program escape; `None` where it works. Cached."""
    with NamedTemporaryFile(prefix="whet-") as canary:
        found = "[]" if backend.weakness else f"escapes({canary.name!r})"
        claim = f"escapes; found = {found}; assert not found, ', '.join(found)"
        try:
            (verdict,) = Sandbox(backend, timeout=20.0).test(TRIAL, [claim])
        except SandboxError as error:
            return str(error)
    return None if verdict == PASSED else f"it does not hold ({verdict})"
