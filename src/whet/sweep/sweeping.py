"""Runs a sweep: proposes, trains and stops trials, several at a time or one, and measures the best one again.

All that it knows of earlier trials it reads from their folders, so a sweep that was killed goes on by the same command.
"""

import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from whet.config import Config
from whet.errors import INTERRUPTED, UserError
from whet.files import disk_fault, write_bytes
from whet.recipe import dump_recipe
from whet.runs import jsonl, layout
from whet.runs.lock import FolderLock
from whet.runs.views.view import View
from whet.sweep import run_trial
from whet.sweep.cluster_request import LOST, UNUSABLE
from whet.sweep.result import SweepResult, result_of
from whet.sweep.run_trial import Ended
from whet.sweep.space import Space
from whet.sweep.study import JOURNAL, Search, refuse_without_optuna
from whet.sweep.trial_folder import Trial, folder_of, read_trial
from whet.sweep.trial_places import Cluster, Place, places_here
from whet.sweep.tries import MOST, broken_off
from whet.sweep.under_way import UnderWay, none_left_behind
from whet.text import percent

SPACE, VERDICTS, RESULT = "space.json", "verdicts.jsonl", "sweep.json"

EVERY = 0.5
"""Seconds between two looks at the trials under way."""


def sweep(
    config: Config,
    space: Space,
    folder: Path,
    count: int,
    view: View,
    parallel: int = 1,
    cluster: Cluster | None = None,
) -> SweepResult:
    """Runs a sweep of `count` trials in `folder`, or what is left of it, `parallel` at a time; returns its result.

    Raises `UserError` where the folder holds another sweep or another process runs it, and where the cluster that
    trials are to run on cannot be used.
    """
    refuse_without_optuna()
    folder.mkdir(parents=True, exist_ok=True)
    lock = FolderLock(folder)
    try:
        _begin(folder, config, space)
        return Sweep(config, space, folder, count, view, parallel, cluster).run()
    finally:
        lock.release()


def _begin(folder: Path, config: Config, space: Space) -> None:
    """Writes recipe and space, or compares them with those of the sweep that is there."""
    run = config.run.model_copy(update={"push": None, "name": None})  # trials are not published
    files = {
        layout.RECIPE: dump_recipe(config.model_copy(update={"run": run})).encode(),
        SPACE: jsonl.encode({key: {kind: values} for key, (kind, values) in space.ranges.items()}, indent=2) + b"\n",
    }
    for name, content in files.items():
        if not (folder / name).is_file():
            write_bytes(folder / name, content)
        elif (folder / name).read_bytes() != content:
            raise UserError(f"--into: {folder} holds a sweep with another {name}; name another folder")


@dataclass
class Sweep:
    """A sweep under way."""

    config: Config
    space: Space
    folder: Path
    count: int
    """Trials in all."""
    view: View
    parallel: int = 1
    """Trials at a time."""
    cluster: Cluster | None = None
    """Where they run; None is this machine."""

    def run(self) -> SweepResult:
        """Runs the trials that are left, then measures the best one again."""
        search = Search(self.space, self.config.seed, self.folder.name, self.folder / JOURNAL)
        if not self.config.eval.every:
            self.view.note("eval.every is 0, so no trial is stopped early; set it to compare them on the way")
        self.view.phase("Sweep", self.count)
        self._run_trials(search)
        result = result_of(self.folder, [self._there(number) for number in range(self.count)], self.config, self.view)
        write_bytes(self.folder / RESULT, jsonl.encode(result.as_dict(), indent=2) + b"\n")
        return result

    def _run_trials(self, search: Search) -> None:
        """Goes on with the trials that are half done, then begins others, until all have ended."""
        half, fresh = self._left(search)
        free = self._places()
        live: list[UnderWay] = []
        with none_left_behind(live):
            while half or fresh or live:
                while free and (half or fresh):
                    live.append(half.popleft() if half else self._proposed(search, fresh.popleft()))
                    live[-1].place = free.pop(0)
                    self._start(live[-1])
                ended = self._that_ended(live)
                for one, trial in ended:
                    one.proposal.tell(trial)
                    self.view.note(f"{trial.path.name}: {outcome(trial)}")
                    live.remove(one)
                    free.append(one.place)
                    self.view.advance(self.count - len(half) - len(fresh) - len(live))
                if not ended:
                    time.sleep(EVERY)

    def trial(self, number: int) -> Trial | None:
        """Reads a trial from its folder; None where it has not begun."""
        return read_trial(self.folder, number, self.space, self._verdicts())

    def _there(self, number: int) -> Trial:
        found = self.trial(number)
        assert found is not None
        return found

    def _verdicts(self) -> dict[int, Mapping[str, Any]]:
        return {line["trial"]: line for line in jsonl.read(self.folder / VERDICTS)}

    def _places(self) -> list[Place]:
        count, processes = min(self.parallel, self.count), self.config.compute.processes
        return self.cluster.places(count, processes, self.folder) if self.cluster else places_here(count, processes)

    def _left(self, search: Search) -> tuple[deque[UnderWay], deque[int]]:
        """The trials that are half done, and the numbers of those that have not begun. The search is told of all."""
        known = {number: self.trial(number) for number in range(self.count)}
        for trial in known.values():
            if trial and trial.state != "half":
                search.add(trial)
        half = [trial for trial in known.values() if trial and trial.state == "half"]
        begun = deque(UnderWay(trial, search.ask_for(trial.number, trial.values)) for trial in half)
        return begun, deque(number for number, trial in known.items() if trial is None)

    def _proposed(self, search: Search, number: int) -> UnderWay:
        """A trial that has not begun: the recipe as it is comes first, where the space holds its values."""
        own = self.space.values_of(self.config)
        proposal = search.ask_for(0, own) if number == 0 and self.space.holds(own) else search.ask(number)
        return UnderWay(Trial(number, folder_of(self.folder, number), proposal.values, "half"), proposal)

    def _that_ended(self, live: Sequence[UnderWay]) -> list[tuple[UnderWay, Trial]]:
        """Looks at each trial under way; returns those that have come to an end, each as its folder tells it."""
        return [(one, trial) for one in live if (trial := self._looked_at(one))]

    def _looked_at(self, one: UnderWay) -> Trial | None:
        """The trial once it has come to an end. One that does badly is stopped, and one without a process started."""
        if one.running is None:
            self._start(one)
        elif ended := one.ended():
            return self._after(one.trial, ended)
        elif self._is_hopeless(one):
            one.running.interrupt()
        return None

    def _start(self, one: UnderWay) -> None:
        """Trains a trial from its beginning, or from where it stopped; not yet where another process writes to it."""
        begun = self.trial(one.trial.number) is not None
        if begun and run_trial.is_in_use(one.trial.path):
            return
        doing = "goes on" if begun else "begins"
        self.view.note(f"{one.trial.path.name}: {doing} with {shown(one.trial.values)}")
        one.start(self.folder, self.folder / layout.RECIPE, begun)

    def _is_hopeless(self, one: UnderWay) -> bool:
        """Whether a trial is to be stopped, which is then written down."""
        now = self.trial(one.trial.number)
        if now is None or now.state != "half" or not one.proposal.is_hopeless(now.between):
            return False
        self._settle(one.trial, "pruned", f"after step {max(now.between)}")
        return True

    def _after(self, trial: Trial, ended: Ended) -> Trial | None:
        """The trial once its process has ended; None where it goes on: it was broken off, or another process has it.

        That is the process which a sweep that was killed had started a moment before.

        One that failed is settled, and one that was broken off too often: killed, or interrupted by itself, as where
        one of its processes was lost (what interrupts the sweep never comes here). A full disk ends the sweep, and so
        does a Ray cluster that cannot be used; a node that left it is not the trial's fault.
        """
        now = self.trial(trial.number)
        if now and now.state != "half":
            return now
        if ended.status == UNUSABLE:
            raise UserError(ended.said)
        if ended.status == LOST:
            self.view.note(f"{trial.path.name}: {ended.said}")
            return None
        if run_trial.is_in_use(trial.path):
            return None
        if disk_fault(RuntimeError(ended.said)):
            raise UserError(f"{trial.path.name}: {ended.said}")
        if ended.status >= 0 and ended.status != INTERRUPTED:
            self._settle(trial, "failed", ended.said)
            return self._there(trial.number)
        tries = broken_off(self.folder, trial)
        if tries >= MOST:
            self._settle(trial, "failed", f"given up: killed or interrupted {tries} times in a row at the same step")
            return self._there(trial.number)
        why = ended.said or "interrupted" if ended.status == INTERRUPTED else "its process was killed"
        self.view.note(f"{trial.path.name}: {why} ({tries} of {MOST} tries without a step more)")
        return None

    def _settle(self, trial: Trial, state: str, why: str) -> None:
        """Writes down that a trial will not be finished."""
        verdict = {"trial": trial.number, "state": state, "why": why, "values": dict(trial.values)}
        jsonl.append(self.folder / VERDICTS, verdict)


def shown(values: Mapping[str, Any]) -> str:
    """Returns the values of a trial in a line.

    >>> shown({"grpo.optimizer.learning_rate": 2.31e-05, "grpo.group_size": 8})
    'learning_rate 2.31e-05, group_size 8'
    """
    words = (f"{value:.3g}" if isinstance(value, float) else str(value) for value in values.values())
    return ", ".join(f"{key.rpartition('.')[2]} {word}" for key, word in zip(values, words, strict=True))


def outcome(trial: Trial) -> str:
    """Returns how a trial ended, in words."""
    if trial.state == "finished" and trial.accuracy is not None:
        return f"{percent(trial.accuracy)} right"
    return f"{trial.state} {trial.why}".strip() if trial.state == "pruned" else f"{trial.state}: {trial.why}"
