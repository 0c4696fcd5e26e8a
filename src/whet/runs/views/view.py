"""The interface of views, which show a run's progress events, and a view that writes plain lines."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Self

from whet.redact import redact
from whet.runs.views.figures import duration, figure, in_order
from whet.runs.views.progress import Clock, Phase, Phases


class View(ABC):
    """Shows a run's progress, phase by phase. A context manager that closes the view."""

    @abstractmethod
    def phase(self, name: str, total: int | None, start: int = 0) -> None:
        """Begins a phase of `total` steps, `start` of them done before.

        A phase that is begun again at the step it had reached keeps its time and history.
        """

    @abstractmethod
    def advance(self, done: int, **figures: float | None) -> None:
        """Reports `done` steps of the phase, and metrics named as in `whet.runs.views.figures.FIGURES`."""

    @abstractmethod
    def note(self, text: str) -> None:
        """Shows a line that stays."""

    @abstractmethod
    def close(self, stopped: bool = False) -> None:
        """Ends the view; `stopped`: an error or the user ended the run. May be called again."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: object, /, *_: object) -> None:
        self.close(stopped=error is not None)


class PlainView(View):
    """Writes one ASCII line per event: `[GRPO 12/25]  reward 0.71  signal 62 %  410 tok/s  1:40 left`."""

    def __init__(self, write: Callable[[str], None], every: float = 1.0, clock: Clock = time.monotonic) -> None:
        """Passes lines to `write`: a terminal, a log.

        Progress within a phase is written at most once in `every` seconds; its last step is always written.
        """
        self._write = write
        self._every = every
        self._clock = clock
        self._phases = Phases(clock)
        self._last_write = float("-inf")

    def phase(self, name: str, total: int | None, start: int = 0) -> None:
        self._phases.begin(name, total, start)
        self._last_write = float("-inf")
        self._write(f"[{name}]")

    def advance(self, done: int, **figures: float | None) -> None:
        phase = self._phases.current
        if phase is None:
            return
        phase.advance(done, figures)
        if self._clock() - self._last_write < self._every and done != phase.total:
            return
        self._last_write = self._clock()
        left = f"{duration(phase.left)} left" if phase.left is not None else ""
        ending = f"took {duration(phase.elapsed)}" if done == phase.total else left
        self._write("  ".join(filter(None, [f"[{phase.name} {phase.position}]", *_figure_texts(phase), ending])))

    def note(self, text: str) -> None:
        self._write(text)

    def close(self, stopped: bool = False) -> None:
        self._phases.end()


def _figure_texts(phase: Phase) -> list[str]:
    """The latest metrics of `phase`, formatted."""
    shown = [(figure(key), phase.figures[key]) for key in in_order(list(phase.figures))]
    return [known.plain.format(label=known.label, value=known.show(value)) for known, value in shown]


class SeveralViews(View):
    """Forwards every event to several views, such as the terminal and the run's log, with secrets in notes redacted."""

    def __init__(self, *views: View) -> None:
        self._views = views

    def phase(self, name: str, total: int | None, start: int = 0) -> None:
        for view in self._views:
            view.phase(name, total, start)

    def advance(self, done: int, **figures: float | None) -> None:
        for view in self._views:
            view.advance(done, **figures)

    def note(self, text: str) -> None:
        clean = redact(text)
        for view in self._views:
            view.note(clean)

    def close(self, stopped: bool = False) -> None:
        for view in self._views:
            view.close(stopped)
