"""Rewards and limits that fit the data."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from whet.errors import UserError
from whet.init.choices import Choices
from whet.init.fitted import fitted


def file_of(folder: Path, answers: list[str], solution: str = "") -> str:
    path = folder / "rows.jsonl"
    lines = [
        {"question": f"Question {n}?", "answer": answer, **({"solution": solution} if solution else {})}
        for n, answer in enumerate(answers)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return str(path)


def choices(tiny_folder: Path, data: str) -> Choices:
    return Choices(model=str(tiny_folder), data=data, test=None, hold_out=0.1)


def test_solutions_have_room(tiny_folder: Path, tmp_path: Path) -> None:
    data = file_of(tmp_path, [str(n) for n in range(40)], solution="x" * 60)
    found = fitted(choices(tiny_folder, data))
    shown = len("<think>" + "x" * 60 + "</think> <answer>12</answer>") + 1
    assert found.reward == "accuracy"
    assert 1.5 * shown <= found.max_tokens < 1.5 * shown + 8


def test_without_solutions_the_limit_stays(tiny_folder: Path, tmp_path: Path) -> None:
    data = file_of(tmp_path, [str(n) for n in range(40)])
    assert fitted(replace(choices(tiny_folder, data), max_tokens=99)).max_tokens == 99


def test_no_reward_that_fits_is_an_error(tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import whet.init.fitted as module

    data = file_of(tmp_path, [str(n) for n in range(40)])
    monkeypatch.setattr(module, "_misread", lambda task: "3 of 40 gold answers score less than full marks")
    with pytest.raises(UserError, match=r"data\.train: 3 of 40 gold answers"):
        fitted(choices(tiny_folder, data))


def test_the_second_reward_is_tried(tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import whet.init.fitted as module

    data = file_of(tmp_path, [str(n) for n in range(40)])

    def misread(task: object) -> str:
        return "" if any(part.name == "exact_match" for part in task.reward.parts) else "no"  # type: ignore[attr-defined]

    monkeypatch.setattr(module, "_misread", misread)
    assert fitted(choices(tiny_folder, data)).reward == "exact_match"
