"""Applies the check's fix: adds an easier reward before GRPO where the recipe's are too strict for any signal."""

from dataclasses import replace

from whet.build.task import Task, build_grader
from whet.config import Config
from whet.diagnose.cold_start import Diagnosis
from whet.diagnose.easier_rewards import EASIER_REWARDS
from whet.recipe import dump_recipe
from whet.rewards.weight_schedule import largest
from whet.runs.views.view import View
from whet.runs.writer import RunWriter

SHARE = 0.5
"""The easier reward's weight, as a share of the recipe's largest: the real objective still counts more."""


def fixed(config: Config, diagnosis: Diagnosis) -> Config:
    """Returns the recipe with the easier reward that the diagnosis names added, at `SHARE` of the largest weight.

    Unchanged where `check.fix` is not `apply`, no reward is named, or the recipe has it already.
    """
    if config.check.fix != "apply" or not diagnosis.easier:
        return config
    weight = SHARE * max(largest(reward.weight) for reward in config.rewards)
    easier = EASIER_REWARDS[diagnosis.easier].reward(weight, config.grpo.steps)
    if any((reward.name, reward.params) == (easier.name, easier.params) for reward in config.rewards):
        return config
    return config.model_copy(update={"rewards": [*config.rewards, easier]})


def apply_fix(task: Task, config: Config, diagnosis: Diagnosis, run: RunWriter, view: View) -> tuple[Task, Config]:
    """Returns task and recipe with the fix of `fixed`; logs a line and updates the run folder's recipe."""
    new = fixed(config, diagnosis)
    if new is config:
        return task, config
    run.record_recipe(dump_recipe(new))
    added = new.rewards[-1].model_dump(exclude_defaults=True, mode="json")
    view.note(f"check.fix: {EASIER_REWARDS[diagnosis.easier].says} joins the rewards, {added}; recipe.yaml has it")
    return replace(task, reward=build_grader(new, task.response_format)), new
