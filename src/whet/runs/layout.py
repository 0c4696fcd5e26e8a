"""File and folder names in a run folder: the interface to everything that reads a run."""

FORMAT = 1
"""Layout version, in the manifest; increased when the layout changes in a way that readers must know."""

RECIPE = "recipe.yaml"
MANIFEST = "manifest.json"
METRICS = "metrics.jsonl"
TIMINGS = "timings.jsonl"
PHASES = "phases.json"
PLAN = "plan.json"
HEALTH = "health.jsonl"
OWN_ANSWERS = "own-answers.jsonl"
"""The model's own right answers that the warm start imitates."""
ROLLOUTS = "rollouts"
EVALUATIONS = "eval"
CHECK = "check.json"
CHECKPOINTS = "checkpoints"
WARM_CHECKPOINTS = "sft"
"""In `CHECKPOINTS`: the checkpoints of an unfinished warm start."""
FINAL = "final"
ADAPTER = "adapter"
"""Where adapters were trained, they alone, as peft has them."""
BASE = "base"
"""The name of the untrained model among the stages of a run."""
MODELS = "models"
"""Models of checkpoints, where some were asked for: `models/step-N`."""
LOG = "train.log"
REPORT = "report.html"
LOCK = ".lock"
OWNER = "owner.json"
MEMORY = "memory.json"
"""The least free memory that the run's process saw, where that was little."""


def stage_of(done: int) -> str:
    """Returns the name of an evaluation after `done` GRPO steps.

    >>> stage_of(40)
    'step-000040'
    """
    return f"step-{done:06d}"


def rollouts_name(step: int) -> str:
    """Returns the name of the file of all rollouts of `step`.

    >>> rollouts_name(7)
    'step-000007.jsonl'
    """
    return f"{stage_of(step)}.jsonl"


def step_of_rollouts(name: str) -> int:
    """Returns the step in the name of a rollouts file.

    >>> step_of_rollouts("step-000007.jsonl")
    7
    """
    return int(name.removeprefix("step-").removesuffix(".jsonl"))
