"""Work and command lines in processes forked from that of the tests, which has imported what takes seconds."""

import logging
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from crashes import untraced
from whet.compute.launch import SIGNALS


class Forked:
    """A process that does some work and ends: real signals, descriptors and an exit status.

    Of the interface of `subprocess.Popen` what the tests use. What a fresh interpreter would do by itself, the order of
    imports and the steps of its end, is not run.

    Args:
        work: what it does; 0 is its exit status unless `work` raises.
        folder: gets two files with what it prints.
    """

    def __init__(self, work: Callable[[], Any], folder: Path) -> None:
        self._printed = (folder / "printed", folder / "said")
        self.returncode: int | None = None
        self.pid = os.fork()
        if not self.pid:
            _run(work, self._printed)

    def poll(self) -> int | None:
        """Its exit status, −N where signal N has killed it; None while it runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Its exit status, once it has ended within so many seconds."""
        until = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired("whet", timeout)
            time.sleep(0.01)
        assert self.returncode is not None
        return self.returncode

    def communicate(self, timeout: float = 60.0) -> tuple[str, str]:
        """What it has printed on standard output and on standard error, once it has ended."""
        self.wait(timeout)
        out, error = (path.read_text("utf-8") for path in self._printed)
        return out, error

    def send_signal(self, number: signal.Signals) -> None:
        """Sends it a signal, if it runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kills it, if it runs."""
        self.send_signal(signal.SIGKILL)


class ForkedWhet(Forked):
    """`whet` with some arguments."""

    def __init__(self, arguments: Sequence[str], folder: Path) -> None:
        from whet.cli.main import main

        super().__init__(lambda: main(arguments), folder)


def _run(work: Callable[[], Any], printed: tuple[Path, Path]) -> NoReturn:
    """In the fork: the work, with nothing left of pytest's streams, handlers of signals and of logs."""
    status: int | str | None = 1
    untraced()
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, path in enumerate(printed, 1):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        sys.stdin, sys.stdout, sys.stderr = (
            os.fdopen(number, mode, encoding="utf-8", closefd=False) for number, mode in enumerate("rww")
        )
        for signal_number in SIGNALS:
            usual = signal.default_int_handler if signal_number == signal.SIGINT else signal.SIG_DFL
            signal.signal(signal_number, usual)
        logging.getLogger().handlers.clear()
        work()
        status = 0
    except SystemExit as end:
        status = end.code
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(status or 0))
