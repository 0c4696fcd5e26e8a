"""The whole way in one call: check → warm start → GRPO → evaluate, with a run folder under it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from whet.config import Config
from whet.data.sources import find_data, find_source
from whet.diagnose.report import CheckReport
from whet.diary import Diary, warnings_to
from whet.errors import UserError
from whet.eval.evaluate import Evaluation
from whet.manifest import manifest
from whet.recipe import dump_recipe
from whet.runs.naming import check_place, stem_of
from whet.runs.pace import Pace
from whet.runs.reader import RunReader
from whet.runs.view import View

if TYPE_CHECKING:
    from whet.build import Task
    from whet.policy.language_model import LanguageModel
    from whet.runs.writer import RunWriter

BASE, WARM, FINAL = "base", "sft", "final"
"""The stages at which a run is measured: `eval/<stage>.jsonl`."""


@dataclass
class Outcome:
    """What a run came to."""

    path: Path
    report: CheckReport
    evaluations: dict[str, Evaluation] = field(default_factory=dict)
    """By stage, in the order they were made."""
    pace: Pace | None = None
    """How fast GRPO went; None where there was none."""


def train(config: Config, view: View, stem: str = "run") -> Outcome:
    """Takes a model and a recipe the whole way. What it leaves on disk is described in docs/how-to/run-folder.md.

    Raises `UserError` for whatever the user can mend.
    """
    from whet.build import build_policy, build_task
    from whet.runs.writer import RunWriter

    check_place(Path(config.run.folder), config.run.name)
    refuse_absent(config)
    diary = Diary(view)
    with warnings_to(diary.view):
        diary.view.phase("Load", None)
        policy = build_policy(config, diary.view.note)
        task = build_task(config, policy.tokenizer, policy.context)
        recipe, made_from = dump_recipe(config), manifest(config, policy, task)
        with RunWriter.create(Path(config.run.folder), recipe, made_from, stem_of(stem), config.run.name) as run:
            diary.begin(run)
            with diary.until_the_end(run):
                return _the_whole_way(policy, task, config, run, diary.view)


def _the_whole_way(policy: "LanguageModel", task: "Task", config: Config, run: "RunWriter", view: View) -> Outcome:
    from whet.stages.fine_tune import fine_tune
    from whet.stages.finish import save_final
    from whet.stages.parity import settle_engine
    from whet.stages.warm_start import refuse_too_few, run_warm_start, worked_problems
    from whet.stages.watch import Watch

    settle_engine(policy, task, config, view)
    outcome = Outcome(run.path, _check("", policy, task, config, run, view))
    _refuse_misread_gold(outcome.report)
    worked = worked_problems(task, config.sft) if wants_warm_start(config, outcome.report) else []
    if config.sft.when == "always":
        refuse_too_few(worked, task)
    view.note(_what_follows(outcome.report, bool(worked)))
    _measure(BASE, outcome, policy, task, config, run, view)
    if worked:
        run_warm_start(policy, task, worked, config, run, view)
        _measure(WARM, outcome, policy, task, config, run, view)
        _check(WARM, policy, task, config, run, view, outcome.report)
    if config.grpo.steps:
        watch = Watch(run, view)
        watch.measured(outcome.evaluations[WARM if worked else BASE])
        fine_tune(policy, task, config, run, view, watch)
        outcome.pace = Pace.of(RunReader(run.path).timings())
        _measure(FINAL, outcome, policy, task, config, run, view)
        watch.measured(outcome.evaluations[FINAL])
    save_final(policy, run.final)
    return outcome


def _check(
    stage: str,
    policy: "LanguageModel",
    task: "Task",
    config: Config,
    run: "RunWriter",
    view: View,
    earlier: CheckReport | None = None,
) -> CheckReport:
    from whet.stages.check import check as run_check

    report = run_check(policy, task, config, view, earlier)
    run.record_check(stage, report.as_dict())
    view.note(report.diagnosis.sentence)
    return report


def _refuse_misread_gold(report: CheckReport) -> None:
    """The invariant before any training: gold answers score full marks under the recipe's own rewards."""
    if report.gold_is_misread:
        worst = report.gold_failures[0]
        raise UserError(
            f"rewards: {len(report.gold_failures)} of {report.gold_checked} gold solutions do not score full marks; "
            f"{worst.problem.id} (answer {worst.problem.answer!r}) gets {dict(worst.short)}. "
            "Correct format.name, data.train.columns or rewards; `whet check` shows more of them"
        )


def check(config: Config, view: View) -> CheckReport:
    """Measures what training by this recipe would meet; trains nothing and writes nothing."""
    from whet.build import build_policy, build_task
    from whet.stages.check import check as run
    from whet.stages.parity import settle_engine

    refuse_absent(config)
    with warnings_to(view):
        view.phase("Load", None)
        policy = build_policy(config, view.note)
        task = build_task(config, policy.tokenizer, policy.context)
        settle_engine(policy, task, config, view)
        return run(policy, task, config, view)


def refuse_absent(config: Config) -> None:
    """Raises `UserError` for files, tasks and settings of tasks that are not there, before a model loads."""
    find_data(config.data)
    if config.sft.data and config.sft.when != "never":
        find_source(config.sft.data, "train", "sft.data")


def wants_warm_start(config: Config, report: CheckReport) -> bool:
    """`sft.when` decides; `auto` asks the diagnosis."""
    return {"always": True, "never": False, "auto": report.diagnosis.warm_start}[config.sft.when]


def _what_follows(report: CheckReport, warm: bool) -> str:
    """After the check, in a line."""
    found = report.diagnosis
    without = "no warm start is needed" if found.cause == "ready" else f"no warm start; to mend it: {found.mend}"
    return "a warm start comes first" if warm else without


def _measure(
    stage: str,
    outcome: Outcome,
    policy: "LanguageModel",
    task: "Task",
    config: Config,
    run: "RunWriter",
    view: View,
) -> None:
    from whet.stages.fine_tune import record_evaluation
    from whet.stages.measure import measure

    evaluation = measure(policy, task.exam, config, view, TITLES[stage])
    record_evaluation(run, stage, evaluation)
    outcome.evaluations[stage] = evaluation


TITLES: Mapping[str, str] = {
    BASE: "Evaluate the base model",
    WARM: "Evaluate the warm start",
    FINAL: "Evaluate the result",
}
