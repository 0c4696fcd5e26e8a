"""The live view."""

import io
from contextlib import suppress

import pytest
from rich.console import Console

from whet.runs.views.live import LiveView, ended, make_view
from whet.runs.views.progress import Phase
from whet.runs.views.view import PlainView


class Time:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def view(width: int = 80) -> tuple[LiveView, Time, Console]:
    console = Console(file=io.StringIO(), width=width, height=24, force_terminal=True, color_system=None, record=True)
    time = Time()
    return LiveView(console, time), time, console


def block(live: LiveView, width: int) -> list[str]:
    """The live block as lines of text."""
    console = Console(width=width, file=io.StringIO(), color_system=None)
    console.print(live._block())
    return [line.rstrip() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]


FIGURES = {
    "reward": 0.71,
    "accuracy": 0.55,
    "signal": 0.62,
    "loss": 0.0134,
    "kl": 0.0021,
    "mean_length": 38.0,
    "truncated": 0.02,
    "tokens_per_second": 410.0,
    "efficiency": 0.52,
    "grad_norm": 0.83,
}


def test_the_block_tells_all_that_a_watcher_wants_to_know() -> None:
    live, time, _ = view()
    live.phase("GRPO", 25)
    for done, reward in enumerate([0.1, 0.2, 0.4, 0.71], 1):
        time.now += 10
        live.advance(done, **{**FIGURES, "reward": reward})
    text = "\n".join(block(live, 80))
    live.close()
    for word in (
        "GRPO",
        "4/25",
        "0:40",
        "3:30 left",
        "signal           62 %",
        "tokens/s          410",
        "of the limit     52 %",
        "truncated",
    ):
        assert word in text
    assert "reward           0.71   ▁▂▄█" in text


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_the_block_fits_the_terminal(width: int) -> None:
    live, time, _ = view(width)
    live.phase("evaluate", 1000)
    live.note("a note that is rather long and goes on and on " * 5)
    for done in range(0, 1001, 5):
        time.now += 20
        live.advance(done, **FIGURES)
    lines = block(live, width)
    live.close()
    assert max(map(len, lines)) <= width
    assert len(lines) <= 20
    assert not any("…" in line for line in lines)


def test_a_phase_that_ended_leaves_a_line_and_its_notes() -> None:
    live, time, console = view()
    with live:
        live.note("before any phase")
        live.phase("model", None)
        live.note("fetching")
        time.now = 3
        live.phase("GRPO", 2)
        live.advance(1, reward=0.25, accuracy=0.1, tokens_per_second=99)
        live.advance(2, reward=0.75, accuracy=0.4, tokens_per_second=99, efficiency=0.5)
        time.now = 65
    kept = [line.rstrip() for line in console.export_text().splitlines() if line.strip()]
    assert "    before any phase" in kept
    assert kept[kept.index("  ✓ model                     0:03") + 1] == "    fetching"
    assert kept[-1] == "  ✓ GRPO                      1:02   reward 0.25 → 0.75   accuracy 40 %"


@pytest.mark.parametrize(
    ("total", "line"),
    [
        (2, "  ■ GRPO                      0:00   stopped   1/2"),
        (None, "  ■ GRPO                      0:00   stopped"),
    ],
)
def test_a_phase_that_was_interrupted_says_so(total: int | None, line: str) -> None:
    live, _, console = view()
    with suppress(KeyboardInterrupt), live:
        live.phase("GRPO", total)
        live.advance(1)
        raise KeyboardInterrupt
    assert line in console.export_text()


def test_the_cursor_comes_back() -> None:
    live, _, console = view()
    with suppress(RuntimeError), live:
        live.phase("GRPO", 2)
        raise RuntimeError
    written = console.file.getvalue()  # type: ignore[attr-defined]
    assert written.rfind("\x1b[?25h") > written.rfind("\x1b[?25l") > -1


def test_a_running_mean_shows_where_it_ended_only() -> None:
    phase = Phase("evaluate", 2)
    phase.advance(1, {"accuracy": 1.0})
    phase.advance(2, {"accuracy": 0.5})
    assert ended(phase).plain.endswith("accuracy 50 %")


def test_events_out_of_turn_do_no_harm() -> None:
    live, _, _ = view()
    live.advance(1, reward=1.0)
    live.close()
    live.close()
    assert block(live, 80) == [""]


def test_a_phase_that_another_interrupts_leaves_a_line_and_goes_on() -> None:
    live, time, console = view()
    with live:
        live.phase("GRPO", 4)
        live.advance(2, reward=0.5)
        time.now = 10
        live.phase("Evaluate, step 2", 8)
        time.now = 70
        live.phase("GRPO", 4, start=2)
        time.now = 80
        live.advance(4, reward=0.75)
    kept = [line.rstrip() for line in console.export_text().splitlines() if line.startswith("  ✓")]
    assert kept == [
        "  ✓ GRPO                      0:10   2/4   reward 0.50",
        "  ✓ Evaluate, step 2          1:00   0/8",
        "  ✓ GRPO                      0:20   reward 0.50 → 0.75",
    ]


@pytest.mark.parametrize(("width", "shown"), [(50, []), (70, ["reward"]), (80, ["reward", "accuracy"])])
def test_figures_that_do_not_fit_the_last_line_are_left_out(width: int, shown: list[str]) -> None:
    phase = Phase("GRPO", 2)
    phase.advance(1, {"reward": 0.25, "accuracy": 0.55, "signal": 0.62})
    phase.advance(2, {"reward": 0.75, "accuracy": 0.55, "signal": 0.62})
    line = ended(phase, width).plain
    assert len(line) <= width
    assert [word for word in ("reward", "accuracy", "signal") if word in line] == shown


def test_characters_that_the_output_cannot_hold_do_not_end_a_run() -> None:
    raw = io.BytesIO()
    view = make_view(Console(file=io.TextIOWrapper(raw, encoding="ascii"), width=40))
    view.note("1 → 2, " + "and no line is wrapped " * 5)
    assert raw.getvalue().decode() == "1 > 2, " + "and no line is wrapped " * 5 + "\n"


@pytest.mark.parametrize(
    ("terminal", "encoding", "kind"),
    [(True, "utf-8", LiveView), (False, "utf-8", PlainView), (True, "ascii", PlainView)],
)
def test_the_live_view_is_for_terminals_that_can_show_it(
    terminal: bool, encoding: str, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    assert type(make_view(Console(file=file, force_terminal=terminal))) is kind


def test_a_dumb_terminal_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(make_view(Console(file=io.StringIO(), force_terminal=True)), PlainView)


def test_every_figure_has_a_sparkline_once_it_has_two_values() -> None:
    live, _, _ = view(80)
    live.phase("GRPO", 9)
    live.advance(1, reward=0.1, signal=0.5, mean_length=80.0)
    (line,) = [line for line in block(live, 80) if "signal" in line]
    assert line.split() == ["signal", "50", "%", "length", "80"]
    live.advance(2, reward=0.2, signal=0.25, mean_length=90.0)
    (line,) = [line for line in block(live, 80) if "signal" in line]
    assert line.split() == ["signal", "25", "%", "█▁", "length", "90", "▁█"]
    live.close()
