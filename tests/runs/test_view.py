"""What is going on: the plain lines, and the choice between them and the live view."""

import io

import pytest
from rich.console import Console

from whet.runs.live import LiveView
from whet.runs.view import PlainView, make_view


class Time:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def plain(every: float = 0.0, encoding: str = "utf-8") -> tuple[PlainView, Time, io.BytesIO]:
    raw = io.BytesIO()
    console = Console(file=io.TextIOWrapper(raw, encoding=encoding), width=40)
    time = Time()
    return PlainView(console, every, time), time, raw


def lines(raw: io.BytesIO) -> list[str]:
    return raw.getvalue().decode().splitlines()


def test_a_line_per_event_however_narrow_the_console() -> None:
    view, time, raw = plain()
    with view:
        view.phase("GRPO", 25)
        time.now = 100
        view.advance(12, reward=0.711, signal=0.62, tokens_per_second=410.4, kl=None)
        time.now = 130
        view.advance(25, reward=0.8)
        view.note("saved to runs/quickstart-001")
    assert lines(raw) == [
        "[GRPO]",
        "[GRPO 12/25]  reward 0.71  signal 62 %  410 tok/s  1:48 left",
        "[GRPO 25/25]  reward 0.80  signal 62 %  410 tok/s  took 2:10",
        "saved to runs/quickstart-001",
    ]


def test_a_quick_phase_does_not_flood_the_log_and_its_last_step_is_told() -> None:
    view, time, raw = plain(every=1.0)
    view.phase("check", 1000)
    for done in range(1, 1001):
        time.now += 0.01
        view.advance(done)
    told = lines(raw)
    assert len(told) == 1 + 10 + 1
    assert told[-1].startswith("[check 1000/1000]")


def test_characters_that_the_output_cannot_hold_do_not_end_a_run() -> None:
    view, _, raw = plain(encoding="ascii")
    view.note("1 → 2")
    assert lines(raw) == ["1 ? 2"]


def test_events_before_a_phase_or_after_the_end_do_no_harm() -> None:
    view, _, raw = plain()
    view.advance(1, reward=1.0)
    view.close()
    view.close()
    view.advance(2)
    assert lines(raw) == []


@pytest.mark.parametrize(
    ("terminal", "encoding", "kind"), [(True, "utf-8", LiveView), (False, "utf-8", PlainView), (True, "ascii", PlainView)]
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
