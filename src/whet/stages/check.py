"""The check before training: grades gold answers, measures lengths, and probes the policy for a signal."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from whet.build.roles import build_rollouts
from whet.build.task import Task
from whet.config import Config
from whet.data.as_read import as_read
from whet.data.mixed import parts_of
from whet.data.near_duplicates import near_duplicates
from whet.diagnose.contamination import OverlapReport
from whet.diagnose.lengths import LengthReport, measure_lengths
from whet.diagnose.probe import Probe, measure_probe
from whet.diagnose.report import CheckReport
from whet.eval.statistics import wilson
from whet.grpo.experience import loaded
from whet.protocols import Sampler
from whet.rewards.gold import gold_failures
from whet.runs.views.view import View
from whet.sft.examples import Example
from whet.stages.imitation import takes_own
from whet.stages.lossy_text import lossy_lines
from whet.stages.next_stage import recipe_facts, what_follows
from whet.stages.warm_start import example
from whet.train_loop.logging_grader import failure_lines
from whet.types import Graded, Problem, Verdict
from whet.workers.math_compare import timeout_lines

if TYPE_CHECKING:
    from whet.policy.language_model import LanguageModel


def check(
    policy: "LanguageModel",
    sampler: Sampler,
    task: Task,
    config: Config,
    view: View,
    earlier: CheckReport | None = None,
    warmed: bool = False,
) -> CheckReport:
    """Measures signal, gold answers, lengths and overlap for a task, and diagnoses them; trains nothing.

    `warmed`: the warm start is done, so that none follows.
    All but the signal is independent of the weights, and taken from `earlier` where given: a check of the same task.
    """
    view.phase("Check", 2)
    for line in as_read(task.train) if earlier is None else ():
        view.note(line)
    problems = _first(task.train, config.check.gold)
    for line in [] if earlier else (*marks_lines(problems, task), *lossy_lines(problems, task)):
        view.note(f"check: {line}")
    misread = earlier.gold_failures if earlier else tuple(gold_failures(problems, task.response_format, task.reward))
    view.advance(1)
    probe, graded = probe_model(policy, sampler, task, config)
    timeouts = (*graded.timeouts, *task.eval_set.equal.take_timeouts())
    constant = task.reward.constants.lines(graded.groups)
    for line in (*failure_lines(graded.failures, task.reward.on_error), *timeout_lines(timeouts), *constant):
        view.note(f"check: {line}")
    view.advance(2, accuracy=probe.pass_at_1, format=probe.format_rate, signal=probe.signal)
    report = CheckReport.of(
        lengths=earlier.lengths if earlier else _lengths(problems, policy, task, config),
        probe=probe,
        gold_checked=len(problems),
        gold_failures=misread,
        facts=recipe_facts(config, _can_be_imitated(task, config, probe)),
        overlap=earlier.overlap if earlier else _overlap(task),
    )
    return replace(report, follows=what_follows(report, task, config, warmed=warmed))


def _can_be_imitated(task: Task, config: Config, probe: Probe) -> bool:
    """Whether there is something for a warm start: own answers, or worked solutions."""
    worked = any(problem.solution for problem in _first(task.solutions, config.check.gold))
    return worked or takes_own(probe, task, config.sft)


def probe_model(policy: "LanguageModel", sampler: Sampler, task: Task, config: Config) -> tuple[Probe, Graded]:
    """Samples `check.samples` completions of `check.problems` training problems; as they were graded.

    Up to `check.rounds` rounds, each of other problems, while the figures of all so far are not sure enough to decide.
    """
    sample = build_rollouts(config, sampler, policy.tokenizer, "check")
    graded, verdicts = Graded(()), list[list[Verdict]]()
    for number in range(config.check.rounds):
        prompts = task.stream.draw(config.check.problems, number)
        with loaded(sampler, policy):
            outputs = sample(prompts, config.check.samples, number)
        more = task.reward.grade(prompts, outputs)
        graded += more
        verdicts += [
            [task.eval_set.check_answer(rollout.text, group.prompt.problem) for rollout in group.rollouts]
            for group in more.groups
        ]
        probe = measure_probe(graded.groups, verdicts, wilson, config.grpo.group_size)
        if not probe.unsure:
            break
    return probe, graded


def _overlap(task: Task) -> OverlapReport:
    """Near-duplicates of held-out questions among those that either stage trains on."""
    learned = [*parts_of(task.train), *([] if task.solutions is task.train else parts_of(task.solutions))]
    return near_duplicates(learned, [prompt.problem for prompt in task.eval_set.prompts])


def _lengths(problems: Sequence[Problem], policy: "LanguageModel", task: Task, config: Config) -> LengthReport:
    examples: list[Example] = [example(problem, task, policy) for problem in problems]
    return measure_lengths(
        prompts=[len(one.prompt) for one in examples],
        solutions=[len(one.response) for one, problem in zip(examples, problems, strict=True) if problem.solution],
        max_tokens=config.grpo.sampling.max_tokens,
        context=policy.context,
    )


def marks_lines(problems: Sequence[Problem], task: Task) -> Iterator[str]:
    """Yields a line on the problems whose text has special tokens written out, which would end or begin a turn."""
    marked = {problem.name: marks[0] for problem in problems if (marks := task.renderer.marks_in(problem))}
    if marked:
        place, mark = next(iter(marked.items()))
        what = f"{len(marked)} of {len(problems)} problems have special tokens of the model in their text"
        yield f"{what}, such as {mark!r} ({place}); the model reads them as letters"


def _first(problems: Sequence[Problem], count: int) -> list[Problem]:
    return [problems[index] for index in islice(range(len(problems)), count)]
