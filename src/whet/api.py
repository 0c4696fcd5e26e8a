"""The whole way in one call: check → warm start → GRPO → evaluate, with a run folder under it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from whet.config import Config
from whet.data.load_data import find_data, find_source
from whet.diagnose.report import CheckReport
from whet.errors import UserError
from whet.recipe import dump_recipe, load_recipe
from whet.runs import layout
from whet.runs.environment import environment
from whet.runs.naming import check_place, stem_of
from whet.runs.pace import Pace
from whet.runs.reader import RunReader
from whet.runs.train_log import TrainLog, warnings_to
from whet.runs.views.view import View
from whet.stages.manifest import manifest, newer_versions, refuse_other
from whet.stages.run_result import BASE, FINAL, WARM, RunResult, evaluations_of, finished
from whet.train_loop.signals import Stop

if TYPE_CHECKING:
    from whet.build.task import Task
    from whet.compute.checkpoint import Checkpoint
    from whet.policy.language_model import LanguageModel
    from whet.runs.tracker_thread import TrackerThread
    from whet.runs.writer import RunWriter


def train(config: Config, view: View, stem: str = "run", stop: Stop | None = None) -> RunResult:
    """Takes a model and a recipe the whole way. What it leaves on disk is described in docs/how-to/run-folder.md.

    Raises `UserError` for whatever the user can fix, and `KeyboardInterrupt` where `stop` was told to: `resume` then
    goes on.
    """
    from whet.build.policy import build_policy
    from whet.build.task import build_task
    from whet.publish.push import warn_without_token
    from whet.runs.open_trackers import open_trackers
    from whet.runs.writer import RunWriter

    check_place(Path(config.run.folder), config.run.name)
    refuse_absent(config)
    train_log = TrainLog(view)
    with warnings_to(train_log.view):
        trackers = open_trackers(config, train_log.view.note)
        warn_without_token(config.run.push, train_log.view.note)
        train_log.view.phase("Load", None)
        policy = build_policy(config, train_log.view.note)
        task = build_task(config, policy.tokenizer, policy.context)
        recipe, made_from = dump_recipe(config), manifest(config, policy, task)
        with RunWriter.create(Path(config.run.folder), recipe, made_from, stem_of(stem), config.run.name) as run:
            train_log.begin(run)
            with train_log.record_outcome(run):
                way = _Way(policy, task, config, run, train_log.view, stop or Stop())
                return _shared(way, trackers, way.whole)


def resume(path: Path, view: View, stop: Stop | None = None) -> RunResult:
    """Goes on with the run in `path` from its newest whole checkpoint, as if it had never stopped; without one, anew.

    A finished run is only told of again. Raises as `train` does, and `UserError` where data or model are not those
    that the run began with.
    """
    from whet.build.policy import build_policy
    from whet.build.task import build_task
    from whet.publish.push import warn_without_token
    from whet.runs.open_trackers import open_trackers
    from whet.runs.writer import RunWriter

    reader = RunReader(path)
    config = load_recipe(path / layout.RECIPE)
    if reader.final:
        return finished(reader)
    refuse_absent(config)
    train_log = TrainLog(view)
    with warnings_to(train_log.view), RunWriter.reopen(path) as run, train_log.record_outcome(run):
        train_log.begin(run)
        trackers = open_trackers(config, train_log.view.note)
        warn_without_token(config.run.push, train_log.view.note)
        train_log.view.phase("Load", None)
        policy = build_policy(config, train_log.view.note)
        task = build_task(config, policy.tokenizer, policy.context)
        refuse_other(manifest(config, policy, task), reader.manifest)
        if changed := newer_versions(environment(), reader.manifest):
            train_log.view.note(f"resume: {changed}, so figures may differ in their last digits")
        way = _Way(policy, task, config, run, train_log.view, stop or Stop())
        return _shared(way, trackers, partial(way.rest, reader))


def _shared(way: "_Way", trackers: "Sequence[TrackerThread]", go: Callable[[], RunResult]) -> RunResult:
    """Goes the way, and shares what it comes to with the trackers and the hub that the recipe names."""
    from whet.publish.push import push_when_asked
    from whet.runs.open_trackers import tracked

    with tracked(way.run, trackers, way.config):
        outcome = go()
    push_when_asked(way.config.run.push, outcome, way.view.note)
    return outcome


@dataclass
class _Way:
    """Everything that the stages of a run have in common."""

    policy: "LanguageModel"
    task: "Task"
    config: Config
    run: "RunWriter"
    view: View
    stop: Stop

    def __post_init__(self) -> None:
        from whet.train_loop.parity import settle_engine

        self.outcome = RunResult(self.run.path)
        settle_engine(self.policy, self.task, self.config, self.view)

    def whole(self) -> RunResult:
        """From the check to the finished model."""
        warm = self.set_out()
        if warm:
            self.warm_up()
        return self.fine_tune(warm)

    def rest(self, reader: RunReader) -> RunResult:
        """From the newest checkpoint that is whole: of GRPO, else of the warm start; without any, the whole way."""
        from whet.compute.checkpoint import load_checkpoint, newest_valid, step_of
        from whet.files import sweep

        run, log = self.run, self.view.note
        sweep(run.checkpoints, run.warm_checkpoints.name)
        newest, warm = newest_valid(run.checkpoints, log), newest_valid(run.warm_checkpoints, log)
        step, warm_step = (step_of(found) if found else None for found in (newest, warm))
        run.rewind(step or 0, None if newest else warm_step or 0)
        self.outcome.evaluations |= evaluations_of(reader) if newest or warm else {}
        if newest:
            log(f"resume: going on after step {step} of {self.config.grpo.steps}")
            return self.fine_tune(WARM in self.outcome.evaluations, load_checkpoint(newest))
        if warm:
            log(f"resume: going on after step {warm_step} of the warm start")
            self.warm_up(load_checkpoint(warm))
            return self.fine_tune(True)
        log("resume: no whole checkpoint yet, so the run begins anew; what is random is the same again")
        return self.whole()

    def set_out(self) -> bool:
        """Check and first measurement; whether a warm start is to come."""
        from whet.stages.apply_fix import apply_fix
        from whet.stages.warm_start import refuse_too_few, sft_problems

        config, task = self.config, self.task
        report = self.outcome.report = self._check("")
        _refuse_misread_gold(report)
        worked = sft_problems(task, config.sft) if wants_warm_start(config, report) else []
        if config.sft.when == "always":
            refuse_too_few(worked, task)
        self.view.note(_what_follows(report, bool(worked)))
        if not worked:
            self.task, self.config = apply_fix(task, config, report.diagnosis, self.run, self.view)
        self._measure(BASE)
        return bool(worked)

    def warm_up(self, saved: "Checkpoint | None" = None) -> None:
        """The warm start, from the beginning or from a checkpoint, and what it came to."""
        from whet.stages.warm_start import run_warm_start, sft_problems

        worked = sft_problems(self.task, self.config.sft)
        run_warm_start(self.policy, self.task, worked, self.config, self.run, self.view, self.stop, saved)
        self._measure(WARM)
        self._check(WARM, self.outcome.report)

    def fine_tune(self, warmed: bool, saved: "Checkpoint | None" = None) -> RunResult:
        """GRPO, from the beginning or from a checkpoint, and what comes after it."""
        from whet.stages.fine_tune import fine_tune
        from whet.stages.save_final import save_final
        from whet.train_loop.health_monitor import HealthMonitor

        config, run, made = self.config, self.run, self.outcome.evaluations
        if config.grpo.steps:
            watch = HealthMonitor(run, self.view)
            watch.begin(made[WARM if warmed else BASE], RunReader(run.path), run.next_step)
            fine_tune(self.policy, self.task, config, run, self.view, watch, self.stop, warmed, saved)
            self.outcome.pace = Pace.of(RunReader(run.path).timings())
            self._measure(FINAL)
            watch.measured(made[FINAL])
        save_final(self.policy, run.final)
        return self.outcome

    def _check(self, stage: str, earlier: CheckReport | None = None) -> CheckReport:
        from whet.stages.check import check as run_check

        report = run_check(self.policy, self.task, self.config, self.view, earlier)
        self.run.record_check(stage, report.as_dict())
        self.view.note(report.diagnosis.sentence)
        return report

    def _measure(self, stage: str) -> None:
        from whet.stages.measure import measure
        from whet.train_loop.callbacks import record_evaluation

        evaluation = measure(self.policy, self.task.eval_set, self.config, self.view, TITLES[stage])
        record_evaluation(self.run, stage, evaluation)
        self.outcome.evaluations[stage] = evaluation


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
    from whet.build.policy import build_policy
    from whet.build.task import build_task
    from whet.stages.check import check as run
    from whet.train_loop.parity import settle_engine

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
    without = "no warm start is needed" if found.cause == "ready" else f"no warm start; to fix it: {found.fix}"
    return "a warm start comes first" if warm else without


TITLES: Mapping[str, str] = {
    BASE: "Evaluate the base model",
    WARM: "Evaluate the warm start",
    FINAL: "Evaluate the result",
}
