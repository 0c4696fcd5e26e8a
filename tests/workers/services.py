"""What workers do in tests."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from threading import Timer
from typing import Any

from whet.errors import UserError

MADE = [0]


def _sleep(seconds: float) -> None:
    time.sleep(seconds)


def _spin() -> None:
    while True:
        pass


def _stubborn() -> None:
    """Will not be asked to stop."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _spin()


def _start_another() -> int:
    return subprocess.Popen(["sleep", "600"]).pid


def _write(count: int) -> None:
    """Past Python's own streams."""
    for _ in range(count // 1000):
        os.write(1, b"y" * 1000)


def _stop_later() -> None:
    """Stops the process once it has answered, so that it does not read what comes next."""
    Timer(0.1, os.kill, (os.getpid(), signal.SIGSTOP)).start()


def _raise() -> None:
    raise RuntimeError("of its own making")


DEEDS: dict[str, Callable[..., Any]] = {
    "sleep": _sleep,
    "spin": _spin,
    "stubborn": _stubborn,
    "pid": os.getpid,
    "made": lambda: MADE[0],
    "start_another": _start_another,
    "print": lambda count: sys.stdout.write("x" * count),
    "write": _write,
    "warn": lambda text: sys.stderr.write(text),
    "stop_later": _stop_later,
    "raise": _raise,
    "exit": os._exit,
    "crash": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "close_all": lambda: os.closerange(0, 64),
    "answer": lambda count: "z" * count,
    "read": lambda: sys.stdin.read(),
}


def obey(setup: Any) -> Callable[[bytes], bytes]:
    """Does what a request names, and answers what came of it."""
    MADE[0] += 1

    def answer(request: bytes) -> bytes:
        name, *arguments = json.loads(request)
        return json.dumps(DEEDS[name](*arguments)).encode()

    return answer


def broken(setup: Any) -> Callable[[bytes], bytes]:
    """Cannot be made."""
    raise ValueError("not\nlike this")


def refusing(setup: Any) -> Callable[[bytes], bytes]:
    """Cannot be made, and the user can fix it."""
    raise UserError(f"fix {setup}")


def raising(setup: dict[str, str]) -> Callable[[bytes], bytes]:
    """Cannot be made for the reason that is given."""
    ((name, text),) = setup.items()
    raise {"UserError": UserError, "ValueError": ValueError, "SystemExit": SystemExit}[name](text)


def endless(setup: Any) -> Callable[[bytes], bytes]:
    """Is never ready."""
    sys.stdout.write("still at it\n")
    _spin()
    raise AssertionError


def gone(setup: Any) -> Callable[[bytes], bytes]:
    """Ends while it is made."""
    os._exit(4)
