"""What is going on, for whoever watches: a live view on a terminal, plain lines everywhere else."""

import time
from typing import TYPE_CHECKING, Protocol, Self

from whet.runs.figures import duration, figure, in_order
from whet.runs.progress import Clock, Phase

if TYPE_CHECKING:
    from rich.console import Console


class View(Protocol):
    """Shows the way of a run, phase after phase. A context manager: leaving it closes the view."""

    def phase(self, name: str, total: int | None, start: int = 0) -> None:
        """A new phase of `total` steps begins, `start` of them done before; the one before it has ended."""
        ...

    def advance(self, done: int, **figures: float | None) -> None:
        """`done` steps of the phase are done. Figures are named as in `whet.runs.figures.FIGURES`."""
        ...

    def note(self, text: str) -> None:
        """A line that stays."""
        ...

    def close(self) -> None:
        """Nothing more will come. May be called again."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, error: object, /, *_: object) -> None: ...


def make_view(console: "Console | None" = None) -> View:
    """The live view where `console` (default: standard output) is a terminal, plain lines elsewhere."""
    from rich.console import Console

    from whet.runs.live import LiveView

    console = console or Console()
    can_move = console.is_terminal and not console.is_dumb_terminal
    return LiveView(console) if can_move and console.encoding.startswith("utf") else PlainView(console)


class PlainView:
    """One line of ASCII per event: `[GRPO 12/25] reward 0.71  signal 62 %  410 tok/s  1:40 left`."""

    def __init__(self, console: "Console", every: float = 1.0, clock: Clock = time.monotonic) -> None:
        """Progress within a phase is told at most once in `every` seconds; its last step is always told."""
        self._console = console
        self._every = every
        self._clock = clock
        self._phase: Phase | None = None
        self._told = float("-inf")

    def phase(self, name: str, total: int | None, start: int = 0) -> None:
        self._phase = Phase(name, total, start, self._clock)
        self._told = float("-inf")
        self._print(f"[{name}]")

    def advance(self, done: int, **figures: float | None) -> None:
        phase = self._phase
        if phase is None:
            return
        phase.advance(done, figures)
        if self._clock() - self._told < self._every and done != phase.total:
            return
        self._told = self._clock()
        left = f"{duration(phase.left)} left" if phase.left is not None else ""
        ending = f"took {duration(phase.elapsed)}" if done == phase.total else left
        self._print("  ".join(filter(None, [f"[{phase.name} {phase.position}]", *_told(phase), ending])))

    def note(self, text: str) -> None:
        self._print(text)

    def close(self) -> None:
        self._phase = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: object, /, *_: object) -> None:
        self.close()

    def _print(self, line: str) -> None:
        """Straight to the file, unwrapped; characters that it cannot hold become question marks."""
        encoding = self._console.encoding
        self._console.file.write(line.encode(encoding, errors="replace").decode(encoding) + "\n")
        self._console.file.flush()


def _told(phase: Phase) -> list[str]:
    """Each figure of `phase` in words."""
    shown = [(figure(key), phase.figures[key]) for key in in_order(list(phase.figures))]
    return [known.plain.format(label=known.label, value=known.show(value)) for known, value in shown]
