"""A sweep from its folders alone: begun, killed at every point, and gone on with."""

import math
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from sweep.fake_runs import write_trial
from sweep.records import records
from whet.config import Config
from whet.errors import UserError
from whet.recipe import load_recipe
from whet.runs.lock import FolderLock
from whet.runs.views.view import PlainView
from whet.sweep import result, run_trial, sweeping
from whet.sweep.cluster_request import LOST as NODE_LOST
from whet.sweep.cluster_request import UNUSABLE, Request
from whet.sweep.run_trial import Ended
from whet.sweep.space import Space
from whet.sweep.sweeping import sweep
from whet.sweep.trial_folder import folder_of
from whet.sweep.trial_places import Cluster, NodePlace, Place

FOREVER = math.inf

SPACE = Space({"grpo.optimizer.learning_rate": ("log", (1e-6, 1e-3)), "grpo.group_size": ("int", (2, 16))})

Values = Mapping[str, Any]


DONE = Ended(0, "")


class Process:
    """Stands for the process of a trial: it runs for so many looks at it, or until it is interrupted."""

    def __init__(self, ended: Ended = DONE, looks: float = 0, at_end: Callable[[], object] = list) -> None:
        self.ended, self.looks, self.at_end = ended, looks, at_end
        self.interrupts = 0
        self.waited = False

    def poll(self) -> Ended | None:
        if self.interrupts:
            return Ended(75, "stopped")
        self.looks -= 1
        if self.looks >= 0:
            return None
        self.at_end()
        return self.ended

    def interrupt(self) -> None:
        self.interrupts += 1

    def wait(self) -> None:
        assert self.interrupts, "it would run on for ever"
        self.waited = True


class Killed(BaseException):
    """SIGKILL, for a test in one process."""


class Trainings:
    """Stands for `whet train` and `whet resume`: writes run folders at once."""

    def __init__(self, killed_in: int = -1, whole: bool = True, failing: int = -1) -> None:
        """In trial `killed_in` the sweep is killed: with the trial half done, or before it has a folder."""
        self.killed_in, self.whole, self.failing = killed_in, whole, failing
        self.done: list[tuple[str, int]] = []

    def train(self, folder: Path, path: Path, recipe: Path, values: Values, place: Place) -> Process:
        number = int(path.name[-3:])
        self.done.append(("train", number))
        if number == self.failing:
            return Process(Ended(2, "model.name: no such model"))
        if number == self.killed_in:
            if self.whole:
                write_trial(folder, number, values, between={1: 0.9})
            raise Killed
        write_trial(folder, number, values, _accuracy(values), {1: 0.4})
        return Process()

    def resume(self, path: Path, place: Place) -> Process:
        from whet.runs import layout

        number = int(path.name[-3:])
        self.done.append(("resume", number))
        values = SPACE.values_of(load_recipe(path / layout.RECIPE))
        shutil.rmtree(path)
        write_trial(path.parent, number, values, _accuracy(values), {1: 0.4})
        return Process()


def _accuracy(values: Values) -> float:
    return 0.9 - abs(values["grpo.group_size"] - 8) / 32


@pytest.fixture
def config(tmp_path: Path) -> Config:
    changes = {"run.folder": str(tmp_path / "runs"), "grpo.optimizer.learning_rate": 1e-5, "grpo.group_size": 4}
    return load_recipe("quickstart", {**changes, "eval.every": 1, "eval.problems": 4, "run.push": "me/model"})


def _sweep(
    config: Config,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    trainings: Trainings,
    count: int = 7,
    parallel: int = 1,
    cluster: Cluster | None = None,
) -> tuple[Any, list[str]]:
    lines: list[str] = []
    monkeypatch.setattr(sweeping, "EVERY", 0.0)
    monkeypatch.setattr(run_trial, "train", trainings.train)
    monkeypatch.setattr(run_trial, "resume", trainings.resume)
    monkeypatch.setattr(result, "measured_again", lambda *_: records("0101"))
    return sweep(config, SPACE, folder, count, PlainView(lines.append), parallel, cluster), lines


def _told(found: Any) -> list[tuple[Any, ...]]:
    return [(trial.number, trial.state, dict(trial.values), trial.accuracy) for trial in found.trials]


def test_the_recipe_as_it_is_comes_first(config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, lines = _sweep(config, tmp_path / "sweep", monkeypatch, Trainings())
    assert found.trials[0].values == {"grpo.optimizer.learning_rate": 1e-5, "grpo.group_size": 4}
    assert len({trial.values["grpo.optimizer.learning_rate"] for trial in found.trials}) == 7
    assert found.winner.accuracy == max(trial.accuracy for trial in found.trials)
    assert any("trial-000: begins with learning_rate 1e-05, group_size 4" in line for line in lines)
    assert any("trial-000: 78 % right" in line for line in lines)
    assert (tmp_path / "sweep" / "sweep.json").is_file()
    recipe = load_recipe(tmp_path / "sweep" / "recipe.yaml")
    assert recipe.run.push is None  # trials are not published


def test_where_the_space_does_not_hold_the_recipe_it_is_left_out(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = config.model_copy(update={"grpo": config.grpo.model_copy(update={"group_size": 32})})
    found, _ = _sweep(outside, tmp_path / "sweep", monkeypatch, Trainings(), count=1)
    assert found.trials[0].values["grpo.group_size"] <= 16


@pytest.mark.parametrize(("killed_in", "whole"), [(0, False), (0, True), (2, True), (5, False), (6, True)])
def test_a_killed_sweep_ends_as_if_it_had_not_been(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_in: int, whole: bool
) -> None:
    """Its folders are all it has: the journal is lost too."""
    expected, _ = _sweep(config, tmp_path / "undisturbed", monkeypatch, Trainings())
    folder = tmp_path / "killed"
    with pytest.raises(Killed):
        _sweep(config, folder, monkeypatch, Trainings(killed_in, whole))
    (folder / "optuna.journal").unlink()
    again = Trainings()
    found, _ = _sweep(config, folder, monkeypatch, again)
    assert _told(found) == _told(expected)
    begun = "resume" if whole else "train"
    assert again.done == [(begun, killed_in), *(("train", number) for number in range(killed_in + 1, 7))]


def test_more_trials_can_be_added(config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, _ = _sweep(config, tmp_path / "whole", monkeypatch, Trainings())
    _sweep(config, tmp_path / "parts", monkeypatch, Trainings(), count=3)
    more = Trainings()
    found, _ = _sweep(config, tmp_path / "parts", monkeypatch, more)
    assert _told(found) == _told(whole)
    assert [number for _, number in more.done] == [3, 4, 5, 6]


def test_a_failed_trial_is_told_and_left_alone(config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, lines = _sweep(config, tmp_path / "sweep", monkeypatch, Trainings(failing=1), count=3)
    assert [trial.state for trial in found.trials] == ["finished", "failed", "finished"]
    assert any("trial-001: failed: model.name: no such model" in line for line in lines)
    again = Trainings()
    found, _ = _sweep(config, tmp_path / "sweep", monkeypatch, again, count=3)
    assert again.done == []
    assert found.trials[1].why == "model.name: no such model"


class Hopeless(Trainings):
    """Trial 6 does badly on the way."""

    def train(self, folder: Path, path: Path, recipe: Path, values: Values, place: Place) -> Process:
        if not path.name.endswith("6"):
            return super().train(folder, path, recipe, values, place)
        self.process = Process(looks=FOREVER)
        write_trial(folder, 6, values, between={1: 0.05})
        return self.process


def test_a_trial_worse_than_most_is_pruned(config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainings = Hopeless()
    found, lines = _sweep(config, tmp_path / "sweep", monkeypatch, trainings)
    assert trainings.process.interrupts == 1
    assert (found.trials[6].state, found.trials[6].why) == ("pruned", "after step 1")
    assert any("trial-006: pruned after step 1" in line for line in lines)
    again = Trainings()
    _sweep(config, tmp_path / "sweep", monkeypatch, again)
    assert again.done == []


def test_a_trial_that_an_earlier_sweep_has_just_begun_is_waited_for(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process, whose folder was not there when this sweep looked, has not noticed yet that its sweep was killed."""

    class TakenMeanwhile(Trainings):
        def train(self, folder: Path, path: Path, recipe: Path, values: Values, place: Place) -> Process:
            self.done.append(("train", int(path.name[-3:])))
            write_trial(folder, int(path.name[-3:]), values)
            lock = FolderLock(path)
            monkeypatch.setattr(sweeping.time, "sleep", lambda seconds: lock.release())
            return Process(Ended(2, "run.name: is in use by process 7"))

        def resume(self, path: Path, place: Place) -> Process:
            assert not run_trial.is_in_use(path)
            return super().resume(path, place)

    trainings = TakenMeanwhile()
    found, _ = _sweep(config, tmp_path / "sweep", monkeypatch, trainings, count=1)
    assert trainings.done == [("train", 0), ("resume", 0)]
    assert found.trials[0].state == "finished"


class FullDisk(Trainings):
    """The disk is full in trial 1, which has its folder by then."""

    def train(self, folder: Path, path: Path, recipe: Path, values: Values, place: Place) -> Process:
        if not path.name.endswith("1"):
            return super().train(folder, path, recipe, values, place)
        write_trial(folder, 1, values, between={1: 0.9})
        return Process(
            Ended(2, "No space left on device: /runs/x; make room there, or write elsewhere, and run it again")
        )


def test_a_full_disk_stops_the_sweep_and_no_trial_counts_as_failed(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "sweep"
    with pytest.raises(UserError, match=r"^trial-001: No space left on device: /runs/x; make room there"):
        _sweep(config, folder, monkeypatch, FullDisk(), count=3)
    again = Trainings()
    found, _ = _sweep(config, folder, monkeypatch, again, count=3)
    assert again.done == [("resume", 1), ("train", 2)]
    assert [trial.state for trial in found.trials] == ["finished"] * 3


class KilledEachTime(Trainings):
    """Trial 1 is killed, `times` times, always at the same step; by default whenever it runs."""

    def __init__(self, times: int = 99, status: int = -9, said: str = "") -> None:
        super().__init__()
        self.times, self.ended = times, Ended(status, said)

    def train(self, folder: Path, path: Path, recipe: Path, values: Values, place: Place) -> Process:
        if not path.name.endswith("1"):
            return super().train(folder, path, recipe, values, place)
        self.done.append(("train", 1))
        self.times -= 1
        write_trial(folder, 1, values, between={1: 0.9})
        return Process(self.ended)

    def resume(self, path: Path, place: Place) -> Process:
        if not self.times:
            return super().resume(path, place)
        self.done.append(("resume", 1))
        self.times -= 1
        return Process(self.ended)


def test_a_trial_that_is_killed_goes_on(config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainings = KilledEachTime(times=2)
    found, lines = _sweep(config, tmp_path / "sweep", monkeypatch, trainings, count=3)
    assert trainings.done == [("train", 0), ("train", 1), ("resume", 1), ("resume", 1), ("train", 2)]
    assert [trial.state for trial in found.trials] == ["finished"] * 3
    assert any("trial-001: its process was killed (2 of 3 tries without a step more)" in line for line in lines)


def test_a_trial_that_is_killed_each_time_is_given_up(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainings = KilledEachTime()
    found, _ = _sweep(config, tmp_path / "sweep", monkeypatch, trainings, count=3)
    assert trainings.done == [("train", 0), ("train", 1), ("resume", 1), ("resume", 1), ("train", 2)]
    assert [trial.state for trial in found.trials] == ["finished", "failed", "finished"]
    assert found.trials[1].why == "given up: killed or interrupted 3 times in a row at the same step"


LOST = "process 1 (pid 4242) of 2 ended without a word: killed, or out of memory"


def test_a_trial_that_loses_one_of_its_processes_goes_on(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends with the status of an interrupted run, and the sweep was not interrupted."""
    trainings = KilledEachTime(times=2, status=75, said=LOST)
    found, lines = _sweep(config, tmp_path / "sweep", monkeypatch, trainings, count=3)
    assert trainings.done == [("train", 0), ("train", 1), ("resume", 1), ("resume", 1), ("train", 2)]
    assert [trial.state for trial in found.trials] == ["finished"] * 3
    assert any(f"trial-001: {LOST} (1 of 3 tries without a step more)" in line for line in lines)


def test_a_trial_that_loses_a_process_each_time_is_given_up(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, _ = _sweep(config, tmp_path / "sweep", monkeypatch, KilledEachTime(status=75, said=LOST), count=3)
    assert [trial.state for trial in found.trials] == ["finished", "failed", "finished"]


def test_an_interrupt_of_the_sweep_fails_no_trial(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(KilledEachTime):
        def resume(self, *given: Any) -> Process:
            raise KeyboardInterrupt

    folder = tmp_path / "sweep"
    for _ in range(4):
        with pytest.raises(KeyboardInterrupt):
            _sweep(config, folder, monkeypatch, Interrupted(times=1), count=3)
    found, _ = _sweep(config, folder, monkeypatch, Trainings(), count=3)
    assert [trial.state for trial in found.trials] == ["finished"] * 3


def test_another_sweep_in_the_folder_is_refused(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "sweep"
    _sweep(config, folder, monkeypatch, Trainings(), count=1)
    other = config.model_copy(update={"seed": 5})
    with pytest.raises(UserError, match=r"^--into: .* holds a sweep with another recipe\.yaml; name another folder$"):
        _sweep(other, folder, monkeypatch, Trainings(), count=1)
    with pytest.raises(UserError, match=r"holds a sweep with another space\.json"):
        sweep(config, Space({"seed": ("int", (0, 5))}), folder, 1, PlainView(lambda line: None))


def test_two_at_once_are_refused(config: Config, tmp_path: Path) -> None:
    (tmp_path / "sweep").mkdir()
    with FolderLock(tmp_path / "sweep"), pytest.raises(UserError, match="is in use by process"):
        sweep(config, SPACE, tmp_path / "sweep", 1, PlainView(lambda line: None))


def test_without_evaluations_on_the_way_nothing_is_pruned(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet = config.model_copy(update={"eval": config.eval.model_copy(update={"every": 0})})
    _, lines = _sweep(quiet, tmp_path / "sweep", monkeypatch, Trainings(), count=1)
    assert any("eval.every is 0, so no trial is stopped early" in line for line in lines)
    assert sweeping.outcome(_.trials[0]) == "78 % right"
    assert folder_of(tmp_path / "sweep", 0).is_dir()


class Slow(Trainings):
    """Trials take so many looks by their number, and are half done until then."""

    def __init__(self, looks: Mapping[int, float]) -> None:
        super().__init__()
        self.looks = looks
        self.processes: dict[int, Process] = {}
        self.places: list[Place] = []
        self.most = 0

    def train(self, folder: Path, path: Path, recipe: Path, values: Values, place: Place) -> Process:
        number = int(path.name[-3:])
        self.done.append(("train", number))
        self.places.append(place)
        write_trial(folder, number, values, between={1: 0.9})

        def end() -> None:
            shutil.rmtree(path)
            write_trial(folder, number, values, _accuracy(values), {1: 0.4})

        self.processes[number] = Process(looks=self.looks.get(number, 0), at_end=end)
        self.most = max(self.most, sum(one.looks >= 0 for one in self.processes.values()))
        return self.processes[number]


def test_several_trials_at_a_time(config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow one holds no other up, and the first five have the values that they have one after another."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    one_by_one, _ = _sweep(config, tmp_path / "one-by-one", monkeypatch, Trainings())
    trainings = Slow({0: 5, 1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1})
    found, lines = _sweep(config, tmp_path / "sweep", monkeypatch, trainings, parallel=2)
    ends = [line.split()[0] for line in lines if line.endswith("right")]
    assert ends.index("trial-000:") > ends.index("trial-001:")
    assert trainings.most == 2
    assert [number for _, number in trainings.done] == list(range(7))
    assert [trial.state for trial in found.trials] == ["finished"] * 7
    assert [trial.values for trial in found.trials[:5]] == [trial.values for trial in one_by_one.trials[:5]]
    assert len({trial.values["grpo.optimizer.learning_rate"] for trial in found.trials}) == 7
    assert all(place.variables.keys() == {"OMP_NUM_THREADS"} for place in trainings.places)


@pytest.mark.parametrize("parallel", [1, 2, 3])
def test_a_sweep_of_several_at_a_time_goes_on_from_the_folders_alone(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parallel: int
) -> None:
    """Killed with three half done, and one between them that has no folder: those go on first, on fewer places too."""

    class KilledInFour(Slow):
        def train(self, folder: Path, path: Path, *others: Any) -> Process:
            if path.name.endswith("4"):
                raise Killed
            return super().train(folder, path, *others)

    folder = tmp_path / "sweep"
    with pytest.raises(Killed):
        _sweep(config, folder, monkeypatch, KilledInFour({1: FOREVER, 2: FOREVER, 3: FOREVER}), parallel=4)
    shutil.rmtree(folder_of(folder, 2))
    again = Trainings()
    found, _ = _sweep(config, folder, monkeypatch, again, parallel=parallel)
    expected, _ = _sweep(config, tmp_path / "whole", monkeypatch, Trainings())
    assert again.done == [("resume", 1), ("resume", 3), ("train", 2), ("train", 4), ("train", 5), ("train", 6)]
    assert [trial.values for trial in found.trials[:5]] == [trial.values for trial in expected.trials[:5]]
    assert [trial.state for trial in found.trials] == ["finished"] * 7
    assert len({trial.values["grpo.optimizer.learning_rate"] for trial in found.trials}) == 7


def test_an_interrupt_stops_all_trials_once_and_waits(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sweeping.time, "sleep", interrupt)
    trainings = Slow({1: FOREVER, 2: FOREVER})
    with pytest.raises(KeyboardInterrupt):
        _sweep(config, tmp_path / "sweep", monkeypatch, trainings, count=3, parallel=3)
    stopped = [trainings.processes[number] for number in (1, 2)]
    assert [(one.interrupts, one.waited) for one in stopped] == [(1, True)] * 2
    assert trainings.processes[0].interrupts == 0  # it had ended


def test_a_full_disk_stops_the_trials_beside_it(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(Slow):
        def train(self, folder: Path, path: Path, *others: Any) -> Process:
            process = super().train(folder, path, *others)
            if path.name.endswith("1"):
                process.ended, process.at_end = Ended(2, "No space left on device: /runs/x; make room there"), list
            return process

    trainings = Full({0: FOREVER, 1: 1})
    with pytest.raises(UserError, match=r"^trial-001: No space left on device"):
        _sweep(config, tmp_path / "sweep", monkeypatch, trainings, count=3, parallel=2)
    assert (trainings.processes[0].interrupts, trainings.processes[0].waited) == (1, True)
    found, _ = _sweep(config, tmp_path / "sweep", monkeypatch, Trainings(), count=3)
    assert [trial.state for trial in found.trials] == ["finished"] * 3


def test_a_hopeless_trial_is_stopped_beside_one_that_is_not(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class OneIsBad(Slow):
        def train(self, folder: Path, path: Path, recipe: Path, values: Values, place: Place) -> Process:
            process = super().train(folder, path, recipe, values, place)
            if path.name.endswith("6"):
                shutil.rmtree(path)
                write_trial(folder, 6, values, between={1: 0.05})
            return process

    trainings = OneIsBad({6: FOREVER, 7: 3})
    found, _ = _sweep(config, tmp_path / "sweep", monkeypatch, trainings, count=8, parallel=2)
    assert [trial.state for trial in found.trials[5:]] == ["finished", "pruned", "finished"]
    assert [trainings.processes[number].interrupts for number in (5, 6, 7)] == [0, 1, 0]


def test_a_trial_that_is_waited_for_holds_no_other_up(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process still writes to trial 0, until trial 2 has begun."""
    folder = tmp_path / "sweep"
    with pytest.raises(Killed):
        _sweep(config, folder, monkeypatch, Trainings(killed_in=0), count=3)
    lock = FolderLock(folder_of(folder, 0))

    class FreedByTwo(Trainings):
        def train(self, folder: Path, path: Path, *others: Any) -> Process:
            if path.name.endswith("2"):
                lock.release()
            return super().train(folder, path, *others)

    trainings = FreedByTwo()
    found, _ = _sweep(config, folder, monkeypatch, trainings, count=3, parallel=2)
    assert trainings.done == [("train", 1), ("train", 2), ("resume", 0)]
    assert [trial.state for trial in found.trials] == ["finished"] * 3


def test_trials_on_a_cluster_have_places_there(config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainings, cluster = Slow({}), Cluster("gpu-7:6379", 4, 1)
    _sweep(config, tmp_path / "sweep", monkeypatch, trainings, 2, 2, cluster)
    assert [type(place) for place in trainings.places] == [NodePlace] * 2
    wanted = Request("gpu-7:6379", cpus=4, gpus=1, threads=4, folder=str(tmp_path / "sweep"))
    assert trainings.places[0].program[2:] == (wanted.word(),)


def test_a_node_that_leaves_is_no_fault_of_its_trial(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often that happens at the same step; it goes on elsewhere."""
    trainings = KilledEachTime(times=7, status=NODE_LOST, said="gpu-7 has left the Ray cluster")
    found, lines = _sweep(config, tmp_path / "sweep", monkeypatch, trainings, count=3)
    assert [trial.state for trial in found.trials] == ["finished"] * 3
    assert [step for step in trainings.done if step[1] == 1] == [("train", 1), *[("resume", 1)] * 7]
    assert sum("trial-001: gpu-7 has left the Ray cluster" in line for line in lines) == 7
    assert not (tmp_path / "sweep" / "tries.jsonl").exists()


def test_a_cluster_that_cannot_be_used_ends_the_sweep_and_fails_no_trial(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainings = KilledEachTime(times=9, status=UNUSABLE, said="--ray: is auto, where no Ray cluster can be joined")
    with pytest.raises(UserError, match=r"^--ray: is auto, where no Ray cluster can be joined$"):
        _sweep(config, tmp_path / "sweep", monkeypatch, trainings, count=3)
    found, _ = _sweep(config, tmp_path / "sweep", monkeypatch, Trainings(), count=3)
    assert [trial.state for trial in found.trials] == ["finished"] * 3
