"""Handles SIGINT, SIGTERM and SIGHUP: the first one requests a stop, a second one ends the process at once."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from whet.compute.launch import SIGNALS
from whet.errors import INTERRUPTED

SHOW_CURSOR = b"\x1b[?25h"
"""Shows the terminal's cursor, which a live view hides and an immediate exit does not restore."""


class Interrupted(KeyboardInterrupt):
    """The run was stopped by a signal, after saving a checkpoint."""


class Stop:
    """A stop request, set by signals while listening.

    In a `patiently` block the first signal only sets `asked`, so that the current step can end and be saved; elsewhere
    it raises `KeyboardInterrupt` at once, or, where processes share the run, before the next share of work: one that is
    interrupted between two exchanges would meet the others in the wrong one. The second signal works even during a
    long matrix product.
    """

    def __init__(self, log: Callable[[str], None] = lambda text: None) -> None:
        self.asked = False
        self.agree: Callable[[bool], bool] = bool
        """From whether this process was asked to whether any of those was that share the run."""
        self.is_shared = False
        """Whether other processes share the run: then a signal is taken up where all of them are, by `take_up`."""
        self._patient = self._taken = False
        self._log = log
        self._terminals: list[int] = []

    def is_asked(self) -> bool:
        """Whether a stop was requested, of any process that shares the run; all of them ask at the same place."""
        asked = self.agree(self.asked)
        self._taken = self._taken or asked
        return asked

    def take_up(self) -> None:
        """Raises the `KeyboardInterrupt` of a signal that came elsewhere, once and outside of `patiently` blocks."""
        if self.asked and not self._patient and not self._taken:
            self._taken = True
            raise KeyboardInterrupt

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Handles signals in the block; in another thread than the main one, which alone receives them, does nothing.

        After a signal the handlers stay when the block ends, so that a second one still ends the process. A signal that
        is ignored, as `nohup` ignores SIGHUP, stays ignored.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        self._terminals = [stream for stream in (1, 2) if os.isatty(stream)]  # one that is gone no longer says so
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        heard = [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
        handlers = {number: signal.signal(number, self._on_signal) for number in heard}
        threading.Thread(target=self._watch, args=(reader,), daemon=True).start()
        try:
            yield
        finally:
            if not self.asked:
                for number, handler in handlers.items():
                    signal.signal(number, handler)
                signal.set_wakeup_fd(before)
                os.close(writer)

    @contextmanager
    def patiently(self, patient: bool = True) -> Iterator[None]:
        """In the block a first signal only sets `asked`; with `patient=False` it raises."""
        before, self._patient = self._patient, patient
        try:
            yield
        finally:
            self._patient = before

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        """The signal handler: runs in the main thread, between two bytecode instructions."""
        if number == signal.SIGHUP:
            self._drop_terminal()
        first, self.asked = not self.asked, True
        if first and not self._patient and not self.is_shared:  # `_watch` handles the second one
            raise KeyboardInterrupt

    def _drop_terminal(self) -> None:
        """Sends further output nowhere where it went to a terminal: that one is gone, and writing to it fails."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in self._terminals:
            os.dup2(nowhere, stream)
        os.close(nowhere)

    def _watch(self, reader: int) -> None:
        """Counts signals in a thread of its own: each arrives as a byte, whatever the main thread is doing."""
        count = 0
        while byte := os.read(reader, 1):
            count += byte[0] in SIGNALS
            if count == 1 and self._patient:
                self._log("stopping after this step; once more ends at once")
            elif count == 1 and self.is_shared:
                self._log("stopping once all processes are there; once more ends at once")
            if count > 1:
                os.write(2, SHOW_CURSOR if os.isatty(2) else b"")
                os._exit(INTERRUPTED)
        os.close(reader)
