"""Runs in the terminal."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from page_runs import page_run
from whet.cli.run_tables import VIEWS, runs_table, shown
from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.one_view import one_view
from whet.dashboard.rows.run_list import run_rows


@pytest.fixture
def run(tmp_path: Path) -> OpenRun:
    return OpenRun(page_run(tmp_path / "r"))


def text(picture: Any, width: int = 100) -> str:
    console = Console(file=StringIO(), width=width, color_system=None, highlight=False, markup=False)
    console.print(picture)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_the_list_of_runs(tmp_path: Path) -> None:
    folder = page_run(tmp_path / "r")
    rows = run_rows({"r": folder})
    head, line = text(runs_table(rows, 100, tmp_path)).splitlines()
    assert head.split() == ["run", "state", "step", "before", "now", "95", "%", "interval", "reward", "size"]
    assert line.split()[:9] == ["r", "finished", "·", "1", "finding", "4/4", "40.0", "%", "60.0"]
    assert "▆▁█▆" in line
    assert line.endswith("kB")


def test_a_narrow_terminal_has_the_figures_that_are_asked_for_most(tmp_path: Path) -> None:
    folder = page_run(tmp_path / "r")
    shown_text = text(runs_table(run_rows({"r": folder}), 80, tmp_path), 80)
    assert "size" not in shown_text
    assert "60.0 %" in shown_text
    assert max(map(len, shown_text.splitlines())) <= 80


def test_why_a_run_stopped_stands_below(tmp_path: Path) -> None:
    folder = page_run(tmp_path / "r")
    (folder / "train.log").write_text("2026-11-01T10:00:00+00:00 stopped: rewards: no \x1b[31msignal\n")
    broken = page_run(tmp_path / "b")
    (broken / "manifest.json").write_text("{")
    found = text(runs_table(run_rows({"r": folder, "b": broken}), 100, tmp_path))
    assert "r: rewards: no ·[31msignal" in found
    assert "b: " in found
    assert "\x1b" not in found


def test_no_runs_teaches_how_to_make_one(tmp_path: Path) -> None:
    assert text(runs_table([], 80, Path("runs"))).strip() == "no runs in runs; `whet train quickstart` makes one"


def test_an_overview(run: OpenRun) -> None:
    found = text(shown(*one_view(run, None, None, None), 100))
    for words in (
        *("r   finished · 1 finding   step 4/4   tiny on arithmetic", "No gain is certain", "step 3: Cut.", "→ More."),
        *(
            "before               40.0 %",
            "after                60.0 %",
            "reward 0.62 → 0.62",
            "wrong before, right after",
        ),
        *("  before ✗ <think>x</think> <answer>0</answer>", "2:00 in all: rollout 0:16", "50 % of groups without"),
    ):
        assert words in " ".join(found.split("\n")), words


@pytest.mark.parametrize("width", [80, 100])
def test_a_step_fits_the_terminal(run: OpenRun, width: int) -> None:
    found = text(shown(*one_view(run, 3, None, None), width), width)
    assert max(len(line.rstrip()) for line in found.splitlines()) <= width
    rows = [line.split() for line in found.splitlines() if "p-" in line]
    # sorted by how much rewards differ: the group with one right of four first, its last response truncated
    assert [row[:5] for row in rows] == [["1", "1/4", "0.25", "0.43", "●○○×"], ["0", "4/4", "1.00", "0.00", "●●●●"]]


def test_a_group_has_its_completions_whole(run: OpenRun) -> None:
    found = text(shown(*one_view(run, 3, 1, None), 100))
    assert "step 3, group 1   p-1" in found
    assert "✓ reward 1.00  Â +0.50  2 tokens, stop   accuracy 1.00" in found
    assert "<think>so</think> <answer>42</answer>" in found
    assert found.index("✓") < found.index("✗")


def test_a_problem_over_the_steps(run: OpenRun) -> None:
    found = text(shown(*one_view(run, None, None, "p-1"), 100))
    assert "p-1   75.0 % right (50.5 – 89.8)" in found
    assert [line.split() for line in found.splitlines() if line.startswith("3 ")] == [
        ["3", "1/4", "5", "–", "70", "42", "×1", "44", "×1", "43", "×1", "cut", "×1"]
    ]
    assert "4 visits, 16 responses" in found


def test_every_view_of_the_page_has_a_table() -> None:
    assert set(VIEWS) == {"overview", "step", "group", "problem"}


def test_untrusted_text_cannot_move_the_cursor(run: OpenRun) -> None:
    path = run.path / "rollouts" / "step-000000.jsonl"
    path.write_text(
        path.read_text().replace("What is 1 + 1?", "What\\u001b[2J is\\n1 + 1?").replace("<think>so", "\\u001b]0;x")
    )
    for view in ((0, None, None), (0, 0, None), (None, None, "p-0"), (None, None, None)):
        assert "\x1b" not in text(shown(*one_view(run, *view), 100))
