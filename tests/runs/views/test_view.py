"""What is going on: the plain lines, and the choice between them and the live view."""

import pytest

from whet.runs.views.view import PlainView, SeveralViews


class Time:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def plain(every: float = 0.0) -> tuple[PlainView, Time, list[str]]:
    """A plain view, its clock and the lines it writes."""
    lines: list[str] = []
    time = Time()
    return PlainView(lines.append, every, time), time, lines


def test_a_line_per_event() -> None:
    view, time, lines = plain()
    with view:
        view.phase("GRPO", 25)
        time.now = 100
        view.advance(12, reward=0.711, signal=0.62, tokens_per_second=410.4, kl=None)
        time.now = 130
        view.advance(25, reward=0.8)
        view.note("saved to runs/quickstart-001")
    assert lines == [
        "[GRPO]",
        "[GRPO 12/25]  reward 0.71  signal 62 %  410 tok/s  1:48 left",
        "[GRPO 25/25]  reward 0.80  signal 62 %  410 tok/s  took 2:10",
        "saved to runs/quickstart-001",
    ]


def test_a_quick_phase_does_not_flood_the_log_and_its_last_step_is_told() -> None:
    view, time, lines = plain(every=1.0)
    view.phase("check", 1000)
    for done in range(1, 1001):
        time.now += 0.01
        view.advance(done)
    assert len(lines) == 1 + 10 + 1
    assert lines[-1].startswith("[check 1000/1000]")


def test_events_before_a_phase_or_after_the_end_do_no_harm() -> None:
    view, _, lines = plain()
    view.advance(1, reward=1.0)
    view.close()
    view.close()
    view.advance(2)
    assert lines == []


def test_an_interrupted_phase_goes_on_with_its_own_time() -> None:
    view, time, lines = plain()
    view.phase("GRPO", 4)
    time.now = 10
    view.advance(2)
    view.phase("evaluate", 8)
    time.now = 1000
    view.phase("GRPO", 4, start=2)
    time.now = 1005
    view.advance(3)
    assert lines[-1] == "[GRPO 3/4]  0:05 left"


def test_several_views_see_the_same() -> None:
    one, time, first = plain()
    other, _, second = plain()
    with SeveralViews(one, other) as views:
        views.phase("GRPO", 2)
        time.now = 3
        views.advance(1, reward=0.5)
        views.note("a note")
        views.close()
    assert first == ["[GRPO]", "[GRPO 1/2]  reward 0.50  0:03 left", "a note"]
    assert [line.removesuffix("0:00 left").rstrip() for line in second] == [
        line.removesuffix("0:03 left").rstrip() for line in first
    ]


def test_notes_reach_all_views_without_their_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", "canary-0001")
    (one, _, first), (other, _, second) = plain(), plain()
    SeveralViews(one, other).note("401 for canary-0001")
    assert first == second == ["401 for [redacted]"]
