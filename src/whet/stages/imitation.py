"""What a warm start imitates: the model's own right answers, or the data's worked solutions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whet.build.task import Task
from whet.config import Config, SftConfig
from whet.diagnose.probe import Probe
from whet.errors import UserError
from whet.eval.statistics import wilson
from whet.protocols import Sampler
from whet.runs.reader import RunReader
from whet.runs.views.view import View
from whet.runs.writer import RunWriter
from whet.stages.sample_own import OwnAnswers
from whet.stages.warm_start import refuse_too_few, sft_problems
from whet.text import percent
from whet.types import Problem

if TYPE_CHECKING:
    from whet.policy.language_model import LanguageModel


@dataclass(frozen=True)
class Imitation:
    """Problems whose solutions and answers a warm start trains on; none where there are too few."""

    problems: Sequence[Problem]
    own: bool = False
    """Whether they are the model's own answers."""


def takes_own(probe: Probe, task: Task, config: SftConfig) -> bool:
    """Returns whether own answers are sampled, by `sft.from`; with `auto` where enough may be expected."""
    return TAKES_OWN[config.source](at_least(probe, _asked(task, config)), config.own.least)


def can_imitate(probe: Probe, task: Task, config: SftConfig) -> bool:
    """Returns whether a warm start has something to imitate: own answers, or worked solutions."""
    return takes_own(probe, task, config) or bool(sft_problems(task, config))


def refuse_nothing_to_imitate(probe: Probe, task: Task, config: SftConfig) -> None:
    """Raises `UserError` where a warm start has nothing to imitate."""
    if not takes_own(probe, task, config):
        refuse_too_few(sft_problems(task, config), task)


def _asked(task: Task, config: SftConfig) -> int:
    """Returns the number of problems to which own answers would be sampled."""
    return min(config.own.problems, len(task.train))


def at_least(probe: Probe, problems: int) -> float:
    """Returns how many of `problems` the model answers rightly somewhere: the lower end of the 95 % interval."""
    return problems * wilson(round(probe.solved_anywhere * probe.problems), probe.problems).low


TAKES_OWN: dict[str, Callable[[float, int], bool]] = {
    "own": lambda expected, least: True,
    "solutions": lambda expected, least: False,
    "auto": lambda expected, least: expected >= least,
}
"""Whether own answers are sampled where `expected` right ones are expected and `least` are needed."""


def to_imitate(
    policy: "LanguageModel", sampler: Sampler, task: Task, config: Config, probe: Probe, run: RunWriter, view: View
) -> Imitation:
    """Returns what the warm start imitates, by `sft.from`; own answers are sampled, and kept in the run folder.

    Raises `UserError` where own answers are demanded and too few are right.
    """
    sft = config.sft
    own = takes_own(probe, task, sft)
    view.note(_what_and_why(task, sft, probe, own))
    if not own:
        return Imitation(sft_problems(task, sft))
    found = OwnAnswers(policy, sampler, task, config, view).collect()
    if len(found) >= sft.own.least:
        run.record_own_answers(found)
        return Imitation(found, own=True)
    few = f"only {len(found)} right answers to {sft.own.problems} problems, fewer than sft.own.least {sft.own.least}"
    if sft.source == "own":
        raise UserError(f"sft.from: own found {few}; raise sft.own.samples, or set sft.from to solutions")
    view.note(f"own answers: {few}; worked solutions are imitated instead")
    return Imitation(sft_problems(task, sft))


def _what_and_why(task: Task, config: SftConfig, probe: Probe, own: bool) -> str:
    """A sentence on what is imitated, and what decided it."""
    words = "the model's own answers" if own else "worked solutions"
    if config.source != "auto":
        return f"the warm start imitates {words}, as sft.from says"
    found = f"the check found right answers to {percent(probe.solved_anywhere)} of problems, whatever the layout"
    asked = _asked(task, config)
    expected = f"so at least {int(at_least(probe, asked))} of {asked} problems may be expected to give own answers"
    return f"the warm start imitates {words}: {found}, {expected}; sft.own.least is {config.own.least}"


def recorded_imitation(reader: RunReader, task: Task, config: SftConfig) -> Imitation:
    """Returns what an interrupted warm start imitates: the own answers in its run folder, else worked solutions."""
    own = reader.own_answers()
    return Imitation(own, own=True) if own else Imitation(sft_problems(task, config))
