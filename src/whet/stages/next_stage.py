"""What follows a check: the warm start, GRPO, or a stop because there is no signal to learn from."""

import json

from whet.build.task import Task
from whet.config import Config
from whet.diagnose.evidence import RecipeFacts
from whet.diagnose.report import CheckReport, Follows
from whet.errors import UserError
from whet.rewards.registry import REWARDS
from whet.runs.writer import RunWriter
from whet.stages.apply_fix import fixed
from whet.stages.imitation import can_imitate, refuse_nothing_to_imitate
from whet.text import shell_quoted


def what_follows(report: CheckReport, task: Task, config: Config, warmed: bool) -> Follows:
    """Returns what a run does after this check; `warmed`: its warm start is done.

    A run is stopped where it is sure that no group carries a signal, and neither a warm start nor a fix changes that.
    """
    if report.gold_is_misread:
        return "stop"
    if not warmed and wants_warm_start(config, report) and can_imitate(report.probe, task, config.sft):
        return "warm_start"
    silent = report.probe.silent and fixed(config, report.diagnosis) is config
    return "stop" if silent and config.grpo.steps and config.check.on_no_signal == "stop" else "train"


def wants_warm_start(config: Config, report: CheckReport) -> bool:
    """Returns whether a warm start is wanted, by `sft.when`; `auto` follows the diagnosis."""
    return {"always": True, "never": False, "auto": report.diagnosis.warm_start}[config.sft.when]


def recipe_facts(config: Config, solutions: bool) -> RecipeFacts:
    """Returns what of a recipe decides which fixes there are; `solutions`: whether some can be imitated."""
    from whet.data.arithmetic import LEVELS, ArithmeticParams

    train = config.data.train
    arithmetic = train.name == "arithmetic"
    return RecipeFacts(
        solutions=solutions,
        format=config.format.name,
        level=ArithmeticParams.model_validate(train.params).level if arithmetic else None,
        levels=tuple(LEVELS),
        with_accuracy=_with_accuracy(config),
    )


def _with_accuracy(config: Config) -> str:
    if any(reward.name == "accuracy" for reward in config.rewards):
        return ""
    rewards = [one.model_dump(mode="json", exclude_defaults=True) for one in config.rewards]
    return json.dumps([*(one["name"] if set(one) == {"name"} else one for one in rewards), "accuracy"])


def refuse(report: CheckReport, task: Task, config: Config, run: RunWriter) -> None:
    """Raises `UserError` where a run cannot go on after its first check, or should not after any.

    Gold solutions must score full marks, a warm start that is asked for needs solutions, and GRPO a signal.
    """
    if report.gold_is_misread:
        raise UserError(_misread(report))
    if config.sft.when == "always":
        refuse_nothing_to_imitate(report.probe, task, config.sft)
    if report.follows == "stop":
        raise UserError(_no_signal(report, config, run))


def _misread(report: CheckReport) -> str:
    """What is wrong with the first gold solution that falls short, and the fix: a function that fails comes first."""
    worst, count = report.gold_failures[0], f"{len(report.gold_failures)} of {report.gold_checked} gold solutions"
    example = f"{worst.problem.id} (answer {worst.problem.answer!r}) gets {dict(worst.short)}"
    if failed := [name for name, value in worst.short.items() if value is None and name not in REWARDS]:
        how = "it must return a list with a number for each completion; a line above says what it did instead"
        return f"rewards: {', '.join(failed)} fails on {count}: {example}; {how}"
    fix = "Correct format.name, data.train.columns or rewards; `whet check` shows more of them"
    return f"rewards: {count} do not score full marks; {example}. {fix}"


def _no_signal(report: CheckReport, config: Config, run: RunWriter) -> str:
    probe, found = report.probe, report.diagnosis
    name = f" --run.name {config.run.name}-2" if config.run.name else ""
    command = f"whet train {shell_quoted(run.path / 'recipe.yaml')}{name}"
    fix = f"`{command} {found.options}`" if found.options else "correct what is named"
    return (
        f"check: rewards are equal within each of {probe.problems} groups of {probe.samples} responses, so GRPO would "
        f"learn nothing, and training stops before its first step. {' '.join(found.lines())} Run {fix}, or train "
        "regardless with --check.on_no_signal train"
    )
