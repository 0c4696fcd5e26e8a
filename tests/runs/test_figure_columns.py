"""Figures of a growing file, in columns."""

import json
import math
from pathlib import Path

from whet.runs.figure_columns import Columns, parsed


def line(step: int, phase: str = "grpo", **figures: object) -> str:
    return json.dumps({"phase": phase, "step": step, **figures}) + "\n"


def test_figures_stand_in_columns_with_nan_where_a_step_has_none(tmp_path: Path) -> None:
    (tmp_path / "m").write_text(line(0, reward=0.5) + line(0, "sft", loss=2.0) + line(1, reward=1.0, kl=0.25))
    columns = Columns(tmp_path / "m")
    columns.refresh()
    grpo = columns.phase("grpo")
    assert list(grpo.steps) == [0, 1]
    assert list(grpo.values["reward"]) == [0.5, 1.0]
    assert math.isnan(grpo.values["kl"][0])
    assert grpo.values["kl"][1] == 0.25
    assert list(columns.phase("sft").values["loss"]) == [2.0]
    assert grpo.figures(0) == {"reward": 0.5}


def test_a_figure_that_ends_is_nan_from_there(tmp_path: Path) -> None:
    (tmp_path / "m").write_text(line(0, a=1, b=2) + line(1, a=3))
    columns = Columns(tmp_path / "m")
    columns.refresh()
    assert math.isnan(columns.phase("grpo").values["b"][1])


def test_what_is_no_number_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "m").write_text(line(0, at="2026", on=True, none=None, reward=1))
    columns = Columns(tmp_path / "m")
    columns.refresh()
    assert list(columns.phase("grpo").values) == ["reward"]


def test_only_finished_lines_are_read_and_each_once(tmp_path: Path) -> None:
    path = tmp_path / "m"
    columns = Columns(path)
    columns.refresh()
    assert len(columns.phase("grpo").steps) == 0
    whole = line(0, reward=0.5) + line(1, reward=0.25)
    for end in range(1, len(whole) + 1):
        path.write_text(whole[:end]) if end == 1 else _append(path, whole[end - 1])
        columns.refresh()
        assert len(columns.phase("grpo").steps) == whole[:end].count("\n")
    assert list(columns.phase("grpo").values["reward"]) == [0.5, 0.25]


def _append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def test_a_file_that_was_replaced_is_read_from_its_start(tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.write_text(line(0, reward=0.5) + line(1, reward=0.25))
    columns = Columns(path)
    columns.refresh()
    (tmp_path / "new").write_text(line(0, reward=0.5))
    (tmp_path / "new").replace(path)
    columns.refresh()
    assert list(columns.phase("grpo").steps) == [0]
    path.unlink()
    columns.refresh()
    assert len(columns.phase("grpo").steps) == 0


def test_damaged_lines_are_left_out() -> None:
    assert [one["step"] for one in parsed(b'{"step": 1}\nnot json\n[1]\n{"a": 2}\n\n{"step": 2}\n')] == [1, 2]
