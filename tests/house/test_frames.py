"""How deep the call stack is: between the command line and the objective there are few Python functions."""

import inspect
from pathlib import Path
from typing import Any

import pytest

from whet.grpo import update
from wiring import status, words

MOST = 12
"""Frames of Python from `main` of the command line to `grpo.objective.objective`, both counted."""


def test_few_frames_lie_between_the_command_line_and_the_objective(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, stacks = update.objective, []

    def objective(*args: Any) -> Any:
        names = [f"{Path(frame.filename).stem}:{frame.function}" for frame in inspect.stack(0)]
        stacks.append(names[: names.index("main:main") + 1][::-1])
        return real(*args)

    monkeypatch.setattr(update, "objective", objective)
    changes = {"sft.when": "never", "grpo.steps": 1, "grpo.objective.beta": 0.1}
    assert status("train", "quickstart", *words(tiny_folder, tmp_path / "runs", changes)) == 0
    assert stacks
    for stack in stacks:
        assert (stack[0], stack[-1]) == ("main:main", "test_frames:objective")
        assert len(stack) <= MOST, "\n".join(stack)
