"""One run by 1, 2 and 4 processes: the same responses, the same metrics but for the order of a sum, one run folder."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from ranks import in_processes
from tiny import save_tiny
from whet.api import resume, train
from whet.compute.processes import processes
from whet.compute.tensors import load_tensors
from whet.runs.views.view import PlainView, View
from whet.train_loop.signals import Stop
from wiring import shrunk, write_rewards

CHANGES: Mapping[str, Any] = {
    "sft.when": "always",
    "sft.steps": 1,
    "eval.problems": 3,
    "seed": 7,
    "grpo.steps": 3,
    "grpo.prompts_per_step": 5,  # no multiple of the number of processes
    "grpo.draws": 2,
    "grpo.objective.beta": 0.05,
    "grpo.objective.iterations": 2,
    "grpo.objective.importance": "token",
    "grpo.replay": {"pass_rate": 0.5},
    "check.on_no_signal": "train",
    "run.save_minutes": 15,
}

ROUNDING = 5e-6
"""How far metrics may differ, relative to 1 or to themselves where they are larger: measured 1.5e-6 at most."""


class Watching(View):
    """Shows nothing; asks process 1 alone to stop once a step of GRPO is done."""

    def __init__(self, stop: Stop, after: int) -> None:
        self.stop, self.after, self.name = stop, after, ""

    def phase(self, name: str, total: int | None, start: int = 0) -> None:
        self.name = name

    def advance(self, done: int, **figures: float | None) -> None:
        if self.name == "GRPO" and done == self.after and processes().rank == 1:
            self.stop.asked = True

    def note(self, text: str) -> None:
        pass

    def close(self, stopped: bool = False) -> None:
        pass


def _train(folder: Path, name: str, changes: Mapping[str, Any], stop_after: int = 0) -> str:
    """Trains, or resumes a run that is there; a stop is told by its words."""
    stop, run = Stop(), folder / "runs" / name
    view = Watching(stop, stop_after)
    try:
        if run.exists():
            resume(run, view=view, stop=stop)
        else:
            train(shrunk(folder / "model", folder / "runs", {**changes, "run.name": name}), view=view, stop=stop)
    except KeyboardInterrupt as interrupt:
        return str(interrupt)
    return "finished"


def _run(folder: Path, name: str, count: int, changes: Mapping[str, Any] = {}, stop_after: int = 0) -> Path:
    """The run folder of a training by so many processes, all of which end alike."""
    rewards = [{"name": f"{folder / 'rewards.py'}:digits"}, {"name": "accuracy", "weight": 0.5}]
    given = {**CHANGES, "rewards": rewards, **changes}
    found = in_processes(count, _train, folder, name, {**given, "compute.processes": count}, stop_after)
    expected = f"stopped after step {stop_after} of 3, which is saved" if stop_after else "finished"
    assert found == [expected] * count
    return folder / "runs" / name


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("several")
    save_tiny(made / "model")
    write_rewards(made)
    train(shrunk(made / "model", made / "warm"), view=PlainView(lambda line: None))  # its forks have then loaded all
    return made


@pytest.fixture(scope="module")
def runs(folder: Path) -> dict[int, Path]:
    return {count: _run(folder, f"by-{count}", count) for count in (1, 2, 4)}


@pytest.fixture(scope="module")
def stopped(folder: Path) -> Path:
    return _run(folder, "stopped", 2, stop_after=1)


def _lines(run: Path, pattern: str) -> list[dict[str, Any]]:
    return [json.loads(line) for path in sorted(run.glob(pattern)) for line in path.read_text("utf-8").splitlines()]


def _responses(run: Path) -> list[tuple[Any, ...]]:
    names = ("step", "problem", "tokens", "text", "reward", "finish")
    return [tuple(line.get(name) for name in names) for line in _lines(run, "rollouts/*.jsonl")]


def _difference(a: Path, b: Path) -> float:
    """The largest difference of a metric."""
    found = 0.0
    for one, other in zip(_lines(a, "metrics.jsonl"), _lines(b, "metrics.jsonl"), strict=True):
        assert one.keys() == other.keys()
        for name in one.keys() - {"phase"}:
            found = max(found, abs(one[name] - other[name]) / max(1.0, abs(one[name])))
    return found


@pytest.mark.parametrize("count", [2, 4])
def test_the_same_responses_and_metrics(runs: dict[int, Path], count: int) -> None:
    assert len(_responses(runs[1])) == 3 * 5 * 4
    assert _responses(runs[count]) == _responses(runs[1])
    assert _difference(runs[count], runs[1]) < ROUNDING


@pytest.mark.parametrize("count", [2, 4])
def test_evaluations_and_checks_are_the_same(runs: dict[int, Path], count: int) -> None:
    for stage in ("base", "sft", "final"):
        own, of_one = (_lines(runs[one], f"eval/{stage}.jsonl") for one in (count, 1))
        assert own == of_one
    for name in ("check.json", "check-sft.json"):
        assert json.loads((runs[count] / name).read_text()) == json.loads((runs[1] / name).read_text())


def test_one_process_writes(runs: dict[int, Path]) -> None:
    names = {count: sorted(path.relative_to(run).as_posix() for path in run.rglob("*")) for count, run in runs.items()}
    assert names[1] == names[2] == names[4]
    for count, run in runs.items():
        assert (run / "train.log").read_text("utf-8").count(" finished\n") == 1
        assert f"processes: {count}\n" in (run / "recipe.yaml").read_text("utf-8")


@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_run_saved_by_two_goes_on_with_any_number(
    folder: Path, runs: dict[int, Path], stopped: Path, count: int
) -> None:
    """Process 1 alone was asked to stop; both did, after the same step."""
    resumed = folder / "runs" / f"resumed-by-{count}"
    shutil.copytree(stopped, resumed)
    assert in_processes(count, _train, folder, resumed.name, {}) == ["finished"] * count
    assert _responses(resumed) == _responses(runs[1])
    assert _difference(resumed, runs[1]) < ROUNDING
    if count == 2:  # to the byte
        for name in ("metrics.jsonl", "final/model.safetensors"):
            assert (resumed / name).read_bytes() == (runs[2] / name).read_bytes()


def test_adapters_are_trained_alike(folder: Path) -> None:
    lora = {"model.lora": {"rank": 4}, "sft.when": "never", "grpo.steps": 2, "grpo.draws": 1, "grpo.replay": None}
    one, two = (_run(folder, f"lora-{count}", count, lora) for count in (1, 2))
    assert _responses(two) == _responses(one)
    assert _difference(two, one) < ROUNDING
    assert (two / "adapter" / "adapter_model.safetensors").is_file()


DIVIDED = {"compute.sharding": "full"}


@pytest.fixture(scope="module")
def divided(folder: Path) -> dict[int, Path]:
    return {count: _run(folder, f"divided-{count}", count, DIVIDED) for count in (2, 4)}


@pytest.mark.parametrize("count", [2, 4])
def test_divided_weights_draw_the_same_responses_and_metrics(
    runs: dict[int, Path], divided: dict[int, Path], count: int
) -> None:
    assert _responses(divided[count]) == _responses(runs[1])
    assert _difference(divided[count], runs[1]) < ROUNDING
    for stage in ("base", "sft", "final"):
        assert _lines(divided[count], f"eval/{stage}.jsonl") == _lines(runs[1], f"eval/{stage}.jsonl")
    names = (sorted(path.relative_to(run).as_posix() for path in run.rglob("*")) for run in (divided[count], runs[1]))
    assert next(names) == next(names)


def test_the_finished_model_is_that_of_one_process(runs: dict[int, Path], divided: dict[int, Path]) -> None:
    one, other = (load_tensors(run / "final" / "model.safetensors") for run in (runs[1], divided[2]))
    assert one.keys() == other.keys()
    for name, weight in one.items():
        torch.testing.assert_close(other[name], weight, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("count", "how"), [(1, "full"), (2, "full"), pytest.param(4, "full", marks=pytest.mark.slow), (2, "none")]
)
def test_divided_weights_saved_by_two_go_on_with_any_number(
    folder: Path, runs: dict[int, Path], divided: dict[int, Path], stopped_divided: Path, count: int, how: str
) -> None:
    resumed = folder / "runs" / f"divided-resumed-by-{count}-{how}"
    shutil.copytree(stopped_divided, resumed)
    recipe = resumed / "recipe.yaml"
    recipe.write_text(recipe.read_text("utf-8").replace("sharding: full", f"sharding: {how}"), "utf-8")
    assert in_processes(count, _train, folder, resumed.name, {}) == ["finished"] * count
    assert _responses(resumed) == _responses(runs[1])
    assert _difference(resumed, runs[1]) < ROUNDING
    if (count, how) == (2, "full"):  # to the byte
        for name in ("metrics.jsonl", "final/model.safetensors"):
            assert (resumed / name).read_bytes() == (divided[2] / name).read_bytes()


@pytest.fixture(scope="module")
def stopped_divided(folder: Path) -> Path:
    return _run(folder, "stopped-divided", 2, DIVIDED, stop_after=1)


def test_adapters_over_divided_weights_are_trained_alike(folder: Path) -> None:
    lora = {"model.lora": {"rank": 4}, "sft.when": "never", "grpo.steps": 2, "grpo.draws": 1, "grpo.replay": None}
    one, two = (_run(folder, f"divided-lora-{count}", count, {**lora, **DIVIDED}) for count in (1, 2))
    assert _responses(two) == _responses(one)
    assert _difference(two, one) < ROUNDING
    assert (two / "adapter" / "adapter_model.safetensors").is_file()


def _failing(folder: Path, name: str, changes: Mapping[str, Any]) -> str:
    try:
        return _train(folder, name, changes)
    except BaseException as error:
        return f"{type(error).__name__}: {error}"


def test_a_reward_that_fails_in_one_process_ends_all(folder: Path) -> None:
    """Only some responses have the letter: the policy is `fail`."""
    picky = [{"name": f"{folder / 'rewards.py'}:picky", "on_error": "fail"}]
    found = in_processes(2, _failing, folder, "failing", {**CHANGES, "rewards": picky, "sft.when": "never"})
    assert found[0] == found[1]
    assert found[0].startswith("UserError: reward 'picky'")


def test_a_program_alone_does_not_pretend(folder: Path) -> None:
    (found,) = in_processes(1, _failing, folder, "alone", {**CHANGES, "compute.processes": 2})
    assert found == (
        "UserError: compute.processes: is 2, and this program runs in one process; "
        "start the program by `torchrun --nproc-per-node 2`, or use `whet train`, which starts them"
    )
