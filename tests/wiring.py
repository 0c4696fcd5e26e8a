"""The quickstart, shrunk by overrides alone until a tiny model walks the whole way in a fraction of a second."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from whet.config import Config
from whet.recipe import load_recipe
from whet.runs.views.view import PlainView

SMALL: Mapping[str, Any] = {
    "model.dtype": "float32",
    "data.train": {"name": "arithmetic", "params": {"level": 1}},
    "format": "think_answer",
    "rewards": ["accuracy", "format_soft"],
    "check.problems": 4,
    "check.samples": 2,
    "check.rounds": 1,
    "check.gold": 8,
    "sft.steps": 2,
    "sft.batch_size": 2,
    "sft.held_out": 2,
    "sft.evaluate_every": 1,
    "sft.optimizer.warmup_steps": 0,
    "sft.optimizer.learning_rate": 1e-3,
    "grpo.steps": 2,
    "grpo.prompts_per_step": 2,
    "grpo.group_size": 4,
    "grpo.sampling.max_tokens": 12,
    "grpo.optimizer.warmup_steps": 0,
    "grpo.optimizer.learning_rate": 1e-3,
    "eval.problems": 6,
}

REWARDS = '''
def digits(completions, **kwargs):
    """The share of digits: random text differs in it."""
    texts = [completion[0]["content"] for completion in completions]
    return [sum(letter in "0123456789" for letter in text) / max(len(text), 1) for text in texts]


def picky(completions, log_metric, trainer_state, **kwargs):
    """Cannot bear an `R`, and logs the step it was told."""
    log_metric("picky/step", trainer_state.global_step)
    if any("R" in completion[0]["content"] for completion in completions):
        raise ValueError("an R\\nin there")
    return [1.0] * len(completions)


def interrupted(completions, trainer_state, completion_ids, **kwargs):
    """Ctrl-C while step 1 is graded; the check is let pass, which grades groups of two."""
    if trainer_state.global_step == 1:
        raise KeyboardInterrupt
    return [0.0] * len(completions)


def broken(completions, trainer_state, **kwargs):
    """Fails in step 1."""
    return [float("nan") if trainer_state.global_step == 1 else 0.0] * len(completions)
'''


def write_rewards(folder: Path) -> Path:
    """A file of reward functions: `digits`, `picky`, `interrupted`, `broken`."""
    path = folder / "rewards.py"
    path.write_text(REWARDS, encoding="utf-8")
    return path


def overrides(model: Path, runs: Path, changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """By dotted key, what makes the quickstart small, and then `changes`."""
    return {**SMALL, "model.name": str(model), "run.folder": str(runs), **(changes or {})}


def shrunk(model: Path, runs: Path, changes: Mapping[str, Any] | None = None) -> Config:
    """The settings of a small quickstart with `model`, its run folders in `runs`."""
    return load_recipe("quickstart", overrides(model, runs, changes))


def words(model: Path, runs: Path, changes: Mapping[str, Any] | None = None) -> list[str]:
    """The same as words of a command line."""
    return [word for key, value in overrides(model, runs, changes).items() for word in (f"--{key}", str(value))]


def listening() -> tuple[list[str], PlainView]:
    """A view, and the lines that it will have said."""
    lines: list[str] = []
    return lines, PlainView(lines.append, every=0.0)


def status(*arguments: str) -> int:
    """The exit status of a command line."""
    from whet.cli.main import main

    try:
        main(arguments)
    except SystemExit as end:
        return int(end.code or 0)
    raise AssertionError("the command line did not end with a status")
