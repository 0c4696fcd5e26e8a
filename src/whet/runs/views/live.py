"""The live view: a block at the bottom of the terminal that redraws itself, and a line for each phase that ended."""

import time
from collections.abc import Sequence
from functools import partial

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from whet.runs.views.figures import duration, figure, in_order, sparkline
from whet.runs.views.progress import Clock, Phase, Phases
from whet.runs.views.view import PlainView, View
from whet.text import can_animate, print_plain

ACCENT, QUIET = "cyan", "dim"

NAME_WIDTH = 24
"""Columns for the name of a phase, where the terminal has them."""

LABEL_WIDTH = 13
"""Columns for the label of a metric."""

SPARK_WIDTH = 8
"""Columns for the sparkline of one metric."""

CELL_WIDTH = 24 + SPARK_WIDTH
"""Columns for one metric: label, value, sparkline and the gaps after them."""

ROWS = 4
"""Maximum rows of metrics."""

TRENDS = ("reward", "held_out_loss", "loss")
"""Headlines shown as first → last value when a phase ends; for a running mean the first value means little."""

RATES = ("tokens_per_second", "efficiency")
"""Speed of a phase: shown while it runs, not when it has ended."""

NOTES = 3
"""Notes shown while a phase runs; all of them are printed when it has ended."""


def make_view(console: Console | None = None) -> View:
    """Returns a live view if `console` (default: standard output) is a terminal, else a view of plain lines."""
    console = console or Console()
    return LiveView(console) if can_animate(console) else PlainView(partial(print_plain, console))


class LiveView(View):
    """Shows the current phase in a block that redraws itself."""

    def __init__(self, console: Console, clock: Clock = time.monotonic) -> None:
        self._console = console
        self._phases = Phases(clock)
        self._live: Live | None = None
        self._notes: list[str] = []
        self._spinner = Spinner("dots", style=ACCENT)

    def phase(self, name: str, total: int | None, start: int = 0) -> None:
        self.close()
        self._phases.begin(name, total, start)
        self._live = Live(get_renderable=self._block, console=self._console, refresh_per_second=8, transient=True)
        self._live.start()

    def advance(self, done: int, **figures: float | None) -> None:
        if self._phases.current is not None:
            self._phases.current.advance(done, figures)

    def note(self, text: str) -> None:
        if self._phases.current is None:
            self._console.print(_note(text))
        else:
            self._notes.append(text)

    def close(self, stopped: bool = False) -> None:
        """Replaces the block of the current phase by a line that stays."""
        phase = self._phases.current
        if phase is None or self._live is None:
            return
        phase.stopped = stopped
        self._live.stop()
        self._live = None
        self._phases.end()
        self._console.print(ended(phase, self._console.width), no_wrap=True, overflow="ellipsis")
        while self._notes:
            self._console.print(_note(self._notes.pop(0)))

    def _block(self) -> RenderableType:
        """Renders the current phase; called for every refresh."""
        phase = self._phases.current
        if phase is None:
            return Text()
        width = self._console.width
        notes = [_note(text) for text in self._notes[-NOTES:]]
        figures: list[RenderableType] = [Text(), *_curve(phase, width), _figures(phase, width)] if phase.figures else []
        return Group(Text(), _head(phase, self._spinner, width), *notes, *figures)


def _note(text: str) -> RenderableType:
    return Padding(Text(text, style=QUIET), (0, 2, 0, 4))


def ended(phase: Phase, width: int = 80) -> Text:
    """Returns the line for a phase that has ended: its duration and, as far as they fit, its main metrics.

    >>> ended(Phase("GRPO", 0, clock=lambda: 0.0)).plain
    '  ✓ GRPO                      0:00'
    """
    mark, style = ("■", "yellow") if phase.stopped else ("✓", "green")
    line = Text.assemble("  ", (mark, style), " ", (f"{phase.name:<{NAME_WIDTH}}", "bold"))
    line.append(f"{duration(phase.elapsed):>6}", QUIET)
    if phase.stopped:
        line.append("   stopped", style)
    if phase.total is not None and phase.done < phase.total:
        line.append(f"   {phase.position}", style)
    for key in _main_keys(phase):
        label, value = f"   {figure(key).label} ", _change(phase, key)
        if len(line) + len(label) + len(value) > width:
            break
        line.append(label, QUIET).append(value)
    return line


def _main_keys(phase: Phase) -> list[str]:
    """The headline and up to two other metrics, none of them a rate."""
    keys = [key for key in in_order(list(phase.figures)) if key not in RATES]
    first = [phase.headline] if phase.headline else []
    return (first + [key for key in keys if key not in first])[:3]


def _change(phase: Phase, key: str) -> str:
    """`0.31 → 0.71` for a headline that training moves, the last value for the others."""
    first, last = (figure(key).show(value) for value in (phase.history[key][0], phase.history[key][-1]))
    return f"{first} → {last}" if key == phase.headline and key in TRENDS and len(phase.history[key]) > 1 else last


def _head(phase: Phase, spinner: Spinner, width: int) -> RenderableType:
    """Spinner, name, bar, position, time."""
    left = f"{duration(phase.left)} left" if phase.left is not None else ""
    elapsed = duration(phase.elapsed)
    times = Text.assemble((f"{phase.position:>9}", "bold"), (f"{elapsed:>8}", QUIET), f"{left:>13}")
    pulse = phase.total is None
    bar = ProgressBar(phase.total, phase.done, None, pulse, QUIET, ACCENT, ACCENT, ACCENT)
    row = Table.grid(expand=True)
    for columns in (2, 2, max(8, min(NAME_WIDTH, width - len(times) - 14))):
        row.add_column(width=columns, no_wrap=True)
    row.add_column(ratio=1)  # the bar has what is left
    row.add_column(width=len(times) + 2, no_wrap=True)
    row.add_row("", spinner, Text(phase.name, style="bold"), bar, times)
    return row


def _curve(phase: Phase, width: int) -> list[Text]:
    """The headline metric with its sparkline."""
    key = phase.headline
    if key is None:
        return []
    shown = figure(key)
    line = Text.assemble("    ", (f"{shown.label:<{LABEL_WIDTH}}", QUIET))
    line.append(f"{shown.show(phase.figures[key]):>8}", f"bold {ACCENT}")
    line.append("   " + sparkline(phase.history[key], min(60, width - LABEL_WIDTH - 18)), ACCENT)
    return [line]


def _figures(phase: Phase, width: int) -> RenderableType:
    """Every other metric with its sparkline, in as many columns as fit."""
    keys = [key for key in in_order(list(phase.figures)) if key != phase.headline]
    fitting = keys[: ROWS * max(1, (width - 4) // CELL_WIDTH)]
    cells = [_cell(key, phase.history[key]) for key in fitting]
    return Padding(Columns(cells, padding=0, width=CELL_WIDTH), (0, 0, 0, 4))


def _cell(key: str, values: Sequence[float]) -> Text:
    """Label, latest value and sparkline of a metric; one value draws none."""
    shown = figure(key)
    curve = sparkline(values, SPARK_WIDTH) if len(values) > 1 else ""
    return Text.assemble((f"{shown.label:<{LABEL_WIDTH}}", QUIET), f"{shown.show(values[-1]):>8} ", (curve, QUIET))
