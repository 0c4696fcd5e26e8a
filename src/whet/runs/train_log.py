"""The log of a run: every line of its view, those from before it had a folder included, and how it ended."""

import errno
import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from whet.errors import UserError
from whet.runs.views.view import PlainView, SeveralViews, View
from whet.runs.writer import RunWriter


class TrainLog:
    """A view beside another one; its lines wait for the run that they belong to."""

    def __init__(self, view: View) -> None:
        self._waiting: list[str] = []
        self._write: Callable[[str], None] = self._waiting.append
        self.view: View = SeveralViews(view, PlainView(lambda line: self._write(line)))
        """Tell this one, and both hear it."""

    def begin(self, run: RunWriter) -> None:
        """From now on lines go to `run`, those that waited first."""
        for line in self._waiting:
            run.log(line)
        self._write = run.log

    @contextmanager
    def record_outcome(self, run: RunWriter) -> Iterator[None]:
        """Begins the log of `run`, and says how the run ended."""
        self.begin(run)
        try:
            yield
            run.log("finished")
        except KeyboardInterrupt as told:
            self.view.note(f"{str(told) or 'interrupted'}; `whet resume {run.path}` goes on")
            raise
        except OSError as error:
            if error.errno not in FULL:
                run.log(f"failed:\n{traceback.format_exc()}")
                raise
            raise UserError(_full(run, error)) from error
        except UserError as error:
            run.log(f"stopped: {error}")
            raise
        except Exception:
            run.log(f"failed:\n{traceback.format_exc()}")
            raise


FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""What the system says of a disk that takes nothing more."""


def _full(run: RunWriter, error: OSError) -> str:
    """Nothing is logged: there is no room for it."""
    where = f" ({error.filename})" if error.filename else ""
    return f"run.folder: {error.strerror}{where}; make room, then `whet resume {run.path}` goes on where it was saved"


@contextmanager
def warnings_to(view: View) -> Iterator[None]:
    """While the block lasts, the package's own warnings (broken rows left out) are notes in the view."""
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
