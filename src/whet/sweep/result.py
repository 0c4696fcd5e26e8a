"""What a sweep came to: its trials, the best of them, and how that does on fresh problems."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from whet.config import Config
from whet.eval.comparison import Comparison
from whet.eval.evaluation import Evaluation
from whet.runs.views.view import View
from whet.sweep.fresh import compared, measured_again
from whet.sweep.trial_folder import Trial
from whet.text import percent


@dataclass(frozen=True)
class SweepResult:
    """The trials of a sweep, and its winner measured again."""

    folder: Path
    trials: tuple[Trial, ...]
    winner: Trial | None
    """The best trial, as `best` finds it."""
    again: Evaluation | None = None
    """The winner on fresh problems; None where the data has none left."""
    gain: Comparison | None = None
    """The winner over trial 0 on fresh problems; None where trial 0 won or did not finish, or both share none."""

    def sentence(self) -> str:
        """Returns the result in words."""
        if self.winner is None or self.winner.accuracy is None:
            return "No trial was finished."
        share = percent(self.winner.accuracy)
        count = len(self.trials) - len(_apart(self.trials))
        chosen = f"{self.winner.path.name} is the best of {count} trials: {share} right"
        gain = [self.gain.sentence] if self.gain else []
        return " ".join([f"{chosen}{self._measured_again()}", *gain, *_not_compared(self.trials)])

    def _measured_again(self) -> str:
        if self.again is None:
            return ". The data has no further problems to measure it again, and the best of several flatters."
        count, found = len(self.again.records), percent(self.again.accuracy)
        return f", and {found} on {count} fresh problems that it was not chosen by."

    def as_dict(self) -> dict[str, Any]:
        """Returns the result as JSON."""
        return {
            "folder": str(self.folder),
            "trials": [_as_dict(trial) for trial in self.trials],
            "winner": self.winner.number if self.winner else None,
            "fresh": self.again.summary() if self.again else None,
            "gain": self.gain.as_dict() if self.gain else None,
            "sentence": self.sentence(),
        }


def _as_dict(trial: Trial) -> dict[str, Any]:
    return {
        "trial": trial.number,
        "run": str(trial.path),
        "state": trial.state,
        "values": dict(trial.values),
        "accuracy": trial.accuracy,
        "interval": trial.interval,
        "why": trial.why,
    }


def best(trials: Sequence[Trial]) -> Trial | None:
    """Returns the finished trial with the best accuracy, of those that compete; of equals, the first."""
    there = [trial for trial in trials if trial.state == "finished" and not trial.why]
    return max(there, key=lambda trial: (trial.accuracy or 0.0, -trial.number), default=None)


def competing(trials: Sequence[Trial]) -> tuple[Trial, ...]:
    """Returns the trials; those measured on other held-out problems than most finished ones are told `why` not."""
    finished = [trial for trial in trials if trial.state == "finished"]
    if not finished:
        return tuple(trials)
    counts = Counter(trial.problems for trial in finished)
    usual = max(finished, key=lambda trial: (counts[trial.problems], -trial.number))
    left_out = "a prompt that is too long for a model is left out, for example"
    why = f"measured on other held-out problems than {usual.path.name} ({left_out})"
    return tuple(
        replace(trial, why=why) if trial.state == "finished" and trial.problems != usual.problems else trial
        for trial in trials
    )


def _apart(trials: Sequence[Trial]) -> list[Trial]:
    """The finished trials that do not compete."""
    return [trial for trial in trials if trial.state == "finished" and trial.why]


def _not_compared(trials: Sequence[Trial]) -> list[str]:
    """Names the finished trials that do not compete, and says why; empty where all do."""
    apart = _apart(trials)
    names = ", ".join(trial.path.name for trial in apart)
    return [f"Not compared: {names}, {apart[0].why}."] if apart else []


def result_of(folder: Path, trials: Sequence[Trial], config: Config, view: View) -> SweepResult:
    """Returns the result of these trials; the winner and trial 0 are measured again, on fresh problems."""
    trials = competing(trials)
    winner, count = best(trials), config.eval.problems
    if winner is None:
        return SweepResult(folder, trials, None)
    records = measured_again(folder, winner, count, view)
    again = Evaluation(records) if records else None
    gain = None
    if records and trials[0] is not winner and trials[0].state == "finished":
        gain = compared(trials[0], measured_again(folder, trials[0], count, view), winner, records)
    return SweepResult(folder, trials, winner, again, gain)
