"""R24: SIGKILL while memory is short: the run comes back with smaller micro-batches, in its recipe and in a line."""

import time
from pathlib import Path
from typing import Any

from crashes import in_child, killing_itself
from whet.api import resume, train
from whet.policy.free_memory import Memory
from whet.recipe import load_recipe
from whet.runs.reader import RunReader
from whet.runs.views.view import PlainView
from whet.runs.writer import RunWriter
from whet.train_loop import memory_watch
from wiring import listening, shrunk, write_rewards


def killed_in_step_1(config: Any, run: Path, available: int) -> None:
    """A run whose process has 80 % of a memory of which `available` % is free, until the kernel ends it."""
    record = RunWriter.record_timings

    def recorded(writer: Any, phase: str, step: int, timings: Any) -> None:
        record(writer, phase, step, timings)
        until = time.monotonic() + 30
        while available < 10 and not (run / "memory.json").exists() and time.monotonic() < until:
            time.sleep(0.01)
        killing_itself()

    memory_watch.system_memory = lambda *_: Memory(100, available)
    memory_watch.resident_bytes = lambda: 80
    RunWriter.record_timings = recorded  # type: ignore[method-assign]
    train(config, view=PlainView(lambda line: None))


def resumed(tiny_folder: Path, folder: Path, available: int) -> tuple[RunReader, list[str]]:
    """A run that was killed and resumed, and what it said then."""
    changes = {
        "rewards": [f"{write_rewards(folder)}:digits"],
        "sft.when": "never",
        "grpo.steps": 2,
        "run.save_every": 1,
        "run.name": "it",
    }
    run = folder / "it"
    assert in_child(lambda: killed_in_step_1(shrunk(tiny_folder, folder, changes), run, available)) == -9
    lines, view = listening()
    resume(run, view=view)
    return RunReader(run), lines


def test_a_run_killed_for_memory_takes_half_as_many_tokens_at_a_time(tiny_folder: Path, tmp_path: Path) -> None:
    run, lines = resumed(tiny_folder, tmp_path, available=5)
    recipe = load_recipe(run.path / "recipe.yaml")
    assert (recipe.sft.micro_batch_tokens, recipe.grpo.micro_batch_tokens) == (2048, 2048)
    assert len([line for line in lines if line.startswith("resume: the run was killed while")]) == 1
    assert not [line for line in lines if "recipe.yaml has changed" in line], "Whet itself has changed it"
    assert [line["step"] for line in run.metrics()] == [0, 1]
    assert run.final


def test_a_run_killed_with_memory_enough_goes_on_as_it_was(tiny_folder: Path, tmp_path: Path) -> None:
    run, lines = resumed(tiny_folder, tmp_path, available=50)
    assert load_recipe(run.path / "recipe.yaml").grpo.micro_batch_tokens == 4096
    assert not [line for line in lines if "killed" in line]
