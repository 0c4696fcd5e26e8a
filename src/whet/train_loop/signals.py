"""Being told to stop: a first SIGINT or SIGTERM asks for it, a second one ends the process at once."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)

INTERRUPTED = 75
"""The exit status of what can be gone on with (sysexits.h: EX_TEMPFAIL)."""

SHOW_CURSOR = b"\x1b[?25h"
"""A live view hides the terminal's cursor; who ends at once has no time to close it."""


class Interrupted(KeyboardInterrupt):
    """The run was told to stop, and has saved itself."""


class Stop:
    """Whether the run was told to stop.

    Where it is patient, a first signal lets the step under way end, so that it can be saved; elsewhere the signal is a
    `KeyboardInterrupt` at once. The second one is heard even while a long product of matrices is computed.
    """

    def __init__(self, log: Callable[[str], None] = lambda text: None) -> None:
        self.asked = False
        self._patient = False
        self._say = log

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Inside, signals are heard, as far as this is the main thread: no other can hear them.

        Where one was, the process is about to end, and goes on listening for a second one until it has.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        handlers = {number: signal.signal(number, self._hear) for number in SIGNALS}
        threading.Thread(target=self._count, args=(reader,), daemon=True).start()
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
        """Inside, a first signal waits for whoever asks `asked`; with `patient=False` it does not."""
        before, self._patient = self._patient, patient
        try:
            yield
        finally:
            self._patient = before

    def _hear(self, number: int, frame: FrameType | None) -> None:
        """In the main thread, between two of its instructions."""
        first, self.asked = not self.asked, True
        if first and not self._patient:  # the second one is the thread's
            raise KeyboardInterrupt

    def _count(self, reader: int) -> None:
        """In a thread of its own: every signal arrives as a byte, whatever the main thread is doing."""
        heard = 0
        while byte := os.read(reader, 1):
            heard += byte[0] in SIGNALS
            if heard == 1 and self._patient:
                self._say("stopping after this step; once more ends at once")
            if heard > 1:
                os.write(2, SHOW_CURSOR if os.isatty(2) else b"")
                os._exit(INTERRUPTED)
        os.close(reader)
