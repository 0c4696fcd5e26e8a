"""Which sandbox works here: looked for from the strongest on, and proven by a program that tries to get out."""

from functools import cache
from tempfile import NamedTemporaryFile

from whet.errors import UserError
from whet.sandbox.backends import KINDS, Backend
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
    """The strongest kind that works here; with `unsafe`, a weak one where no strong one does.

    Raises:
        UserError: there is none: what each kind lacks, and what to do.
    """
    lacking = []
    for kind in (kind for kind in KINDS if unsafe or not kind.weakness):
        fault = kind.missing() or shortcoming(kind)
        if fault is None:
            return kind
        lacking.append(f"{kind.name}: {fault}")
    anyway = "" if unsafe else ", or write `unsafe: true` among its params to run programs with less protection"
    raise UserError(
        f"rewards has 'code_tests': no sandbox works here ({'; '.join(lacking)}); fix one of these, for instance "
        f"install bubblewrap{anyway}"
    )


@cache
def shortcoming(kind: Backend) -> str | None:
    """Why a kind does not work here, or does not hold what it must; `None` where it does. Tried once."""
    cell = Sandbox(kind, timeout=20.0)
    with NamedTemporaryFile(prefix="whet-") as canary:
        found = "[]" if kind.weakness else f"escapes({canary.name!r})"
        try:
            (verdict,) = cell.test(TRIAL, [f"escapes; found = {found}; assert not found, ', '.join(found)"])
        except SandboxError as error:
            return str(error)
    return None if verdict == PASSED else f"it does not hold ({verdict})"
