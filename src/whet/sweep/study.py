"""Proposes the values of the next trial: Optuna's sampler and pruner over what the run folders say.

The study is made anew from the folders whenever a sweep begins, so it cannot disagree with them. A copy is written as a
journal, which `optuna-dashboard` shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whet.errors import UserError
from whet.sweep.space import Space
from whet.sweep.trial_folder import Trial

if TYPE_CHECKING:
    import optuna
    from optuna import Study
    from optuna.trial import FrozenTrial, TrialState

JOURNAL = "optuna.journal"

STARTUP = 5
"""Trials with random values, and those to be finished before one is pruned, so that there is something to compare."""


def refuse_without_optuna() -> None:
    """Raises `UserError` where Optuna is not installed."""
    from importlib.util import find_spec

    if find_spec("optuna") is None:
        raise UserError("sweep: needs Optuna; install it by `pip install 'whet[sweep]'`")


@dataclass(frozen=True)
class Proposal:
    """A trial that counts as running in the study until its end is told."""

    study: "Study"
    live: "optuna.Trial"

    @property
    def values(self) -> dict[str, Any]:
        """The values that it is to be trained with, by dotted key."""
        return dict(self.live.params)

    def is_hopeless(self, between: Mapping[int, float]) -> bool:
        """Whether it is worse than the median of the finished trials after as many steps.

        `between` holds its held-out accuracies by step, measured so far.
        """
        self._report(between)
        return bool(between) and bool(self.live.should_prune())

    def tell(self, trial: Trial) -> None:
        """Ends it: finished, pruned or failed."""
        self._report(trial.between)
        self.live.set_user_attr("run", str(trial.path))
        self.study.tell(self.live, trial.accuracy, state=None if trial.state == "finished" else _state(trial))

    def _report(self, between: Mapping[int, float]) -> None:
        known = self.study.get_trials(deepcopy=False)[self.live.number].intermediate_values
        for step in between.keys() - known.keys():
            self.live.report(between[step], step)


class Search:
    """An Optuna study of a sweep's trials."""

    def __init__(self, space: Space, seed: int, name: str, journal: Path | None = None) -> None:
        """The study is kept in memory, or in a new `journal`."""
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.space, self.seed = space, seed
        self.study: Study = optuna.create_study(
            study_name=name,
            direction="maximize",
            storage=_new(journal) if journal else None,
            pruner=optuna.pruners.MedianPruner(n_startup_trials=STARTUP),
        )

    def ask(self, number: int) -> Proposal:
        """Proposes trial `number`, a function of the seed, that number and all trials that the study has.

        Those that still run count as if they were bad, so that their values are not proposed again.
        """
        from optuna.samplers import TPESampler

        # a sampler with a seed repeats itself when it is made again, so each trial has a seed of its own
        self.study.sampler = TPESampler(seed=self.seed + number, n_startup_trials=STARTUP, constant_liar=True)
        return Proposal(self.study, self.study.ask(self.space.distributions()))

    def ask_for(self, number: int, values: Mapping[str, Any]) -> Proposal:
        """Makes trial `number` one with these values."""
        self.study.enqueue_trial(dict(values))
        return self.ask(number)

    def add(self, trial: Trial) -> None:
        """Adds a trial that ended before this sweep began anew."""
        self.study.add_trial(self._frozen(trial))

    def _frozen(self, trial: Trial) -> "FrozenTrial":
        from optuna.trial import create_trial

        known = bool(trial.values) and self.space.holds(trial.values)
        return create_trial(
            state=_state(trial),
            value=trial.accuracy,
            params=dict(trial.values) if known else {},
            distributions=self.space.distributions() if known else {},
            intermediate_values=dict(trial.between),
            user_attrs={"run": str(trial.path)},
        )


def _state(trial: Trial) -> "TrialState":
    from optuna.trial import TrialState

    states = {"finished": TrialState.COMPLETE, "pruned": TrialState.PRUNED}
    return states.get(trial.state, TrialState.FAIL)


def _new(journal: Path) -> Any:
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    journal.unlink(missing_ok=True)
    return JournalStorage(JournalFileBackend(str(journal)))
