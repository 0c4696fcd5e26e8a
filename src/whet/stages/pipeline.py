"""The pipeline of a run: check → warm start → GRPO → evaluate, from the start or from a checkpoint."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from whet.build.memory_plan import with_micro_batches
from whet.build.placement import place
from whet.build.policy import load_policy
from whet.build.roles import build_rollouts, build_sampler
from whet.build.shared import joined
from whet.build.task import Task, build_task
from whet.compute.checkpoint import newest_valid, step_of
from whet.config import Config
from whet.diagnose.report import CheckReport
from whet.diagnose.unlearned import reasoning_lost
from whet.eval.comparison import Comparison
from whet.files import sweep
from whet.protocols import Sampler
from whet.runs.pace import Pace
from whet.runs.reader import RunReader
from whet.runs.views.view import View
from whet.runs.writer import RunWriter
from whet.stages.apply_fix import apply_fix
from whet.stages.check import check
from whet.stages.fine_tune import fine_tune
from whet.stages.imitation import Imitation, recorded_imitation, to_imitate
from whet.stages.measure import measure
from whet.stages.next_stage import refuse
from whet.stages.run_folder import share_stop
from whet.stages.run_result import BASE, FINAL, WARM, RunResult, evaluations_of
from whet.stages.save_adapter import has_adapters, save_adapter
from whet.stages.save_final import save_final
from whet.stages.warm_start import run_warm_start
from whet.train_loop.callbacks import record_evaluation
from whet.train_loop.health_monitor import HealthMonitor
from whet.train_loop.parity import PROMPTS, agreeing_policy
from whet.train_loop.signals import Stop
from whet.train_loop.trial import refuse_endless, refuse_untrainable

if TYPE_CHECKING:
    from whet.policy.language_model import LanguageModel

TITLES: Mapping[str, str] = {
    BASE: "Evaluate the base model",
    WARM: "Evaluate the warm start",
    FINAL: "Evaluate the result",
}


@dataclass(frozen=True)
class Built:
    """The objects built from a recipe: the policy, the run's one sampling engine, and the task."""

    policy: "LanguageModel"
    sampler: Sampler
    task: Task


def load(config: Config, view: View) -> Built:
    """Loads model and problems. Raises `UserError` where one cannot be loaded, or the model cannot be trained."""
    view.phase("Load", None)
    built: list[Built] = []

    def loads() -> None:
        sampler, policy = build_sampler(config), load_policy(config, view.note)
        built.append(Built(policy, sampler, build_task(config, policy.tokenizer, policy.context, view.note)))

    joined().gathered(loads)  # what one process cannot load ends all of them
    place(built[0].policy, config, view.note)
    refuse_endless(built[0].policy)
    refuse_untrainable(built[0].policy, built[0].sampler)
    return built[0]


def with_sizes(config: Config, built: Built, view: View) -> Config:
    """Returns the recipe with micro-batches that fit in the free memory of every process."""
    sizes = joined().gathered(lambda: with_micro_batches(config, built.policy, view.note))
    return min(sizes, key=lambda one: one.grpo.micro_batch_tokens or 0)


def settled(built: Built, config: Config, view: View) -> Built:
    """Chooses the fastest forward pass on which sampler and learner agree. Raises as `agreeing_policy`."""
    sample = build_rollouts(config, built.sampler, built.policy.tokenizer, "parity")
    prompts = built.task.stream.draw(PROMPTS, 0)
    return replace(built, policy=agreeing_policy(built.policy, built.sampler, sample, prompts, view.note, joined().any))


@dataclass
class Pipeline:
    """Runs the stages in order over one policy, engine and task, and collects the result."""

    policy: "LanguageModel"
    sampler: Sampler
    task: Task
    config: Config
    run: RunWriter
    view: View
    stop: Stop
    imitation: Imitation = field(default_factory=lambda: Imitation(()))
    """What the warm start trains on."""
    result: RunResult = field(init=False)

    def __post_init__(self) -> None:
        self.result = RunResult(self.run.path)

    @classmethod
    def of(cls, built: Built, config: Config, run: RunWriter, view: View, stop: Stop | None) -> "Pipeline":
        """Returns the pipeline over what was loaded, with the forward pass chosen by `settled`."""
        built = settled(built, config, view)
        stop = stop or Stop()
        share_stop(stop)
        return cls(built.policy, built.sampler, built.task, config, run, view, stop)

    def whole(self) -> RunResult:
        """Runs all stages, from the check to the finished model."""
        warm = self.begin()
        if warm:
            self.warm_up()
        return self.reinforce(warm)

    def rest(self, reader: RunReader) -> RunResult:
        """Resumes from the newest valid checkpoint: of GRPO, else of the warm start; without one, runs all stages."""
        run, log = self.run, self.view.note
        newest, warm = joined().first(self._newest)
        step, warm_step = (step_of(found) if found else None for found in (newest, warm))
        # nobody reads the folder before process 0 has rewound it
        joined().gathered(lambda: run.rewind(step or 0, None if newest else warm_step or 0))
        self.result.evaluations |= evaluations_of(reader) if newest or warm else {}
        if newest:
            log(f"resume: going on after step {step} of {self.config.grpo.steps}")
            return self.reinforce(WARM in self.result.evaluations, newest)
        if warm:
            log(f"resume: going on after step {warm_step} of the warm start")
            self.imitation = recorded_imitation(reader, self.task, self.config.sft)
            self.warm_up(warm)
            return self.reinforce(True)
        log("resume: no whole checkpoint yet, so the run begins anew; what is random is the same again")
        return self.whole()

    def _newest(self) -> tuple[Path | None, Path | None]:
        """The newest valid checkpoints of GRPO and of the warm start."""
        run, log = self.run, self.view.note
        sweep(run.checkpoints, run.warm_checkpoints.name)
        return newest_valid(run.checkpoints, log), newest_valid(run.warm_checkpoints, log)

    def begin(self) -> bool:
        """Runs the check and the base evaluation; returns whether a warm start follows."""
        config, task = self.config, self.task
        report = self.result.report = self._check("")
        refuse(report, task, config, self.run)
        if report.follows == "warm_start":
            self.imitation = to_imitate(self.policy, self.sampler, task, config, report.probe, self.run, self.view)
        warm = bool(self.imitation.problems)
        if not warm:
            self._fix(report)
        self._measure(BASE)
        return warm

    def warm_up(self, saved: Path | None = None) -> None:
        """Runs the warm start, from the start or from a checkpoint, then evaluates and checks its result."""
        learned = self.imitation
        run_warm_start(
            self.policy, self.sampler, self.task, learned.problems, self.config, self.run, self.view, self.stop, saved,
            learned.own,
        )  # fmt: skip
        self._measure(WARM)
        self._report_cost()
        report = self._check(WARM, self.result.report)
        refuse(report, self.task, self.config, self.run)
        self._fix(report)

    def reinforce(self, warmed: bool, saved: Path | None = None) -> RunResult:
        """Runs GRPO, from the start or from a checkpoint, then the final evaluation; saves the model."""
        run, made = self.run, self.result.evaluations
        if self.config.grpo.steps:
            health = HealthMonitor(run, self.view)
            health.begin(made[WARM if warmed else BASE], RunReader(run.path), run.next_step)
            fine_tune(
                self.policy, self.sampler, self.task, self.config, run, self.view, health, self.stop, warmed, saved
            )
            self.result.pace = Pace.of(RunReader(run.path).timings())
            self._measure(FINAL)
            health.measured(made[FINAL])
        policy = self.policy.whole(joined().rank == 0)
        joined().first(lambda: self._save(policy))
        return self.result

    def _save(self, policy: "LanguageModel") -> None:
        """Writes the finished model, and its adapters where it has some."""
        run = self.run
        if has_adapters(policy) and not run.adapter.exists():
            save_adapter(policy, run.adapter, self.config.model.name)
        save_final(policy, run.final, self.task.renderer.template.settings)

    def _check(self, stage: str, earlier: CheckReport | None = None) -> CheckReport:
        report = check(self.policy, self.sampler, self.task, self.config, self.view, earlier, stage == WARM)
        self.run.record_check(stage, report.as_dict())
        for line in (*report.diagnosis.lines(), f"check: {report.verdict()}"):
            self.view.note(line)
        return report

    def _report_cost(self) -> None:
        """Reports where the warm start cost reasoning: fewer problems right anywhere than the base model's."""
        pairs = zip(*(self.result.evaluations[stage].records for stage in (BASE, WARM)), strict=True)
        found = Comparison(BASE, WARM, tuple(pairs))
        lost = found.lenient
        steps, own = len(RunReader(self.run.path).metrics("sft")), self.imitation.own
        finding = reasoning_lost(
            found.a.lenient_accuracy, found.b.lenient_accuracy, lost.low, lost.high, own=own, steps=steps
        )
        if finding:
            self.run.record_finding({"phase": "sft", **finding.as_dict()})
            self.view.note(f"warm start: {finding.sentence} To fix it: {finding.fix}")

    def _fix(self, report: CheckReport) -> None:
        """Lets the fix that the check found take part in GRPO, where `check.fix` says so."""
        self.task, self.config = apply_fix(self.task, self.config, report.diagnosis, self.run, self.view)

    def _measure(self, stage: str) -> None:
        task = self.task
        evaluation = measure(
            self.policy, self.sampler, task.eval_set, self.config, self.view, TITLES[stage], task.reward
        )
        record_evaluation(self.run, stage, evaluation)
        self.result.evaluations[stage] = evaluation
