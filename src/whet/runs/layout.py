"""Where things are in a run folder: the interface to everything that comes after the run."""

FORMAT = 1
"""Raised when the layout changes in a way that readers must know; written to the manifest."""

RECIPE = "recipe.yaml"
MANIFEST = "manifest.json"
METRICS = "metrics.jsonl"
TIMINGS = "timings.jsonl"
HEALTH = "health.jsonl"
ROLLOUTS = "rollouts"
EVALUATIONS = "eval"
CHECK = "check.json"
CHECKPOINTS = "checkpoints"
WARM_CHECKPOINTS = "sft"
"""In `CHECKPOINTS`: those of a warm start that is not done yet."""
FINAL = "final"
LOG = "train.log"
LOCK = ".lock"
OWNER = "owner.json"


def stage_of(done: int) -> str:
    """What a measurement after `done` GRPO steps is called.

    >>> stage_of(40)
    'step-000040'
    """
    return f"step-{done:06d}"


def rollouts_name(step: int) -> str:
    """The file that holds every rollout of `step`.

    >>> rollouts_name(7)
    'step-000007.jsonl'
    """
    return f"{stage_of(step)}.jsonl"


def step_of_rollouts(name: str) -> int:
    """The step whose rollouts a file of this name holds.

    >>> step_of_rollouts("step-000007.jsonl")
    7
    """
    return int(name.removeprefix("step-").removesuffix(".jsonl"))
