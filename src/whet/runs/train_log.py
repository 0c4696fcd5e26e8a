"""Writes `train.log`: every line of the view, including those from before the run folder existed, and the outcome."""

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from whet.errors import UserError
from whet.files import disk_fault
from whet.runs.phase_record import peak_bytes
from whet.runs.views.phase_times import PhaseTimes
from whet.runs.views.view import PlainView, SeveralViews, View
from whet.runs.writer import RunWriter
from whet.text import shell_quoted


class TrainLog:
    """Copies a view's lines to the run's log; they are buffered until `begin`."""

    def __init__(self, view: View) -> None:
        self._waiting: list[str] = []
        self._write: Callable[[str], None] = self._waiting.append
        self._times = PhaseTimes()
        self.view: View = SeveralViews(view, self._times, PlainView(lambda line: self._write(line)))
        """Forwards every event to the given view and to the log."""

    def begin(self, run: RunWriter) -> None:
        """Writes the buffered lines to the log of `run`, and every later one at once."""
        for line in self._waiting:
            run.log(line)
        self._write = run.log

    @contextmanager
    def record_outcome(self, run: RunWriter) -> Iterator[None]:
        """Begins the log of `run`, and logs how the block ended: finished, interrupted, stopped or failed."""
        self.begin(run)
        try:
            yield
            run.log("finished")
        except KeyboardInterrupt as interrupt:
            self.view.note(f"{str(interrupt) or 'interrupted'}; `whet resume {shell_quoted(run.path)}` goes on")
            raise
        except UserError as error:
            run.log(f"stopped: {error}")
            raise
        except Exception as error:
            if fault := disk_fault(error):
                raise UserError(_full(run, fault)) from error
            run.log(f"failed:\n{traceback.format_exc()}")
            raise
        finally:
            run.record_phases(self._times.spent(), peak_bytes())


def _full(run: RunWriter, fault: OSError) -> str:
    """The message for a full disk, which is not logged: there is no room for it."""
    where = f" ({fault.filename})" if fault.filename else ""
    command = f"whet resume {shell_quoted(run.path)}"
    return f"run.folder: {fault.strerror}{where}; make room, then `{command}` goes on where it was saved"


@contextmanager
def warnings_to(view: View) -> Iterator[None]:
    """Shows warnings of the `whet` logger as notes in the view within the block."""
    handler = _Notes(view)
    logger = logging.getLogger("whet")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


class _Notes(logging.Handler):
    def __init__(self, view: View) -> None:
        super().__init__(logging.WARNING)
        self._view = view

    def emit(self, record: logging.LogRecord) -> None:
        self._view.note(record.getMessage())
