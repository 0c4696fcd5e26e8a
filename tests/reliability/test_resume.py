"""R1, R3, R12: whatever kills a run, it goes on to the same bytes, and asks each problem as often as planned."""

import json
import time
from collections import Counter
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from crashes import contents, in_child, killing_itself, striking
from whet.api import resume, train
from whet.compute.checkpoint import checkpoints, step_of
from whet.compute.optimizer import MasterAdamW
from whet.errors import UserError
from whet.recipe import dump_recipe
from whet.runs.reader import RunReader
from whet.runs.views.view import PlainView
from whet.runs.writer import RunWriter
from whet.stages.pipeline import Pipeline
from whet.stages.sample_own import OwnAnswers
from wiring import listening, shrunk, write_rewards

SILENT = PlainView(lambda line: None)

EVERYTHING = {
    "sft.when": "always",
    "grpo.steps": 5,
    "grpo.objective.beta": 0.1,
    "grpo.objective.reference_every": 2,
    "grpo.objective.reference_mix": 0.5,
    "grpo.objective.iterations": 2,
    "grpo.micro_batch_tokens": 200,
    "grpo.curriculum": {"by": "pass_rate", "candidates": 2},
    "grpo.draws": 2,
    "eval.every": 2,
    "run.save_every": 1,
    "run.name": "it",
}
"""All that has a memory: a warm start, a reference that follows, several passes, problems by their pass rates."""


MIDDLE = 250
"""Tokens of a micro-batch that hold one of two groups."""


@pytest.fixture(scope="module")
def whole(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A run that nothing happened to, and how long it took in a child.

    It is run in this process first: what that imports its children need not, and a child ends in the same bytes.
    """
    folder = tmp_path_factory.mktemp("whole")
    rewards = [{"name": f"{write_rewards(folder)}:digits"}, {"name": "accuracy", "weight": 0.5}]

    def config(runs: Path) -> Any:
        return shrunk(tiny_folder, runs, {"rewards": rewards, **EVERYTHING})

    found = contents(train(config(folder / "here"), view=SILENT).path)
    assert "final/model.safetensors" in found
    began = time.monotonic()
    assert in_child(lambda: train(config(folder), view=SILENT)) == 0
    took = time.monotonic() - began
    assert contents(folder / "it") == found
    return SimpleNamespace(config=config, contents=found, took=took)


def begin_or_go_on(config: Any, run: Path) -> None:
    """What a person, or a scheduler, does after each death."""
    resume(run, view=SILENT) if (run / "manifest.json").is_file() else train(config, view=SILENT)


def record_outcome(config: Any, run: Path) -> int:
    """Goes on until the run ends by itself."""
    status = in_child(lambda: begin_or_go_on(config, run))
    assert status == 0, RunReader(run).log()
    return status


def same(run: Path, whole: Any) -> None:
    found = contents(run)
    assert sorted(found) == sorted(whole.contents)
    assert [name for name in found if found[name] != whole.contents[name]] == []
    steps = [json.loads(line) for line in found["metrics.jsonl"].splitlines()]
    assert [line["step"] for line in steps if line["phase"] == "grpo"] == list(range(5)), "none twice, none missing"


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3))])
def test_killed_at_random_instants(whole: Any, tmp_path: Path, seed: int) -> None:
    random, config, run = Random(seed), whole.config(tmp_path), tmp_path / "it"
    for _ in range(2):
        in_child(lambda: begin_or_go_on(config, run), kill_after=random.uniform(0.05, whole.took))
    record_outcome(config, run)
    same(run, whole)


@pytest.mark.slow
def test_killed_at_fifty_random_instants(whole: Any, tmp_path: Path) -> None:
    """R1, the long form: 50 kills, each followed by a whole run to the end."""
    random, killed = Random(1), 0
    for number in range(50):
        folder = tmp_path / str(number)
        config = whole.config(folder)
        status = in_child(lambda c=config, f=folder: begin_or_go_on(c, f / "it"), random.uniform(0.05, whole.took))
        killed += status == -9
        record_outcome(config, folder / "it")
        same(folder / "it", whole)
    print(f"{killed} of 50 were killed under way; 50 of 50 ended in the same bytes")
    assert killed >= 25, "most instants are before the end, whatever else the machine does"


def test_killed_in_the_check_after_the_warm_start(whole: Any, tmp_path: Path) -> None:
    """It is known on resume that the warm start is done, and what follows is the same."""
    config, run, check = whole.config(tmp_path), tmp_path / "it", Pipeline._check

    def checked(stages: Pipeline, stage: str, *earlier: Any) -> Any:
        if stage == "sft":
            killing_itself()
        return check(stages, stage, *earlier)

    def die() -> None:
        Pipeline._check = checked  # type: ignore[method-assign]
        train(config, view=SILENT)

    assert in_child(die) == -9
    record_outcome(config, run)
    same(run, whole)


@pytest.mark.parametrize("event", [41, 120, *(pytest.param(at, marks=pytest.mark.slow) for at in (3, 20, 57, 76, 98))])
def test_killed_at_a_touch_of_the_disk(whole: Any, tmp_path: Path, event: int) -> None:
    config, run = whole.config(tmp_path), tmp_path / "it"

    def die() -> None:
        striking(event, killing_itself)
        begin_or_go_on(config, run)

    assert in_child(die) == -9
    record_outcome(config, run)
    same(run, whole)


@pytest.mark.parametrize("step", [pytest.param(2, marks=pytest.mark.slow), 4])
def test_killed_while_the_disk_lags_behind(whole: Any, tmp_path: Path, step: int) -> None:
    """Records and checkpoints are written beside the next steps; what is on disk is whole and in order all the same."""
    config, run = whole.config(tmp_path), tmp_path / "it"
    write, take = RunWriter.record, MasterAdamW.step

    def slowly(self: RunWriter, *given: Any) -> None:
        time.sleep(0.3)  # of which the training knows nothing
        write(self, *given)

    def stepped(self: MasterAdamW, index: int) -> Any:
        is_grpo = self.total_steps == config.grpo.steps
        if is_grpo and index == step and next(seen):
            killing_itself()
        return take(self, index)

    seen = iter([False, True])  # at the step's second pass

    def die() -> None:
        RunWriter.record, MasterAdamW.step = slowly, stepped  # type: ignore[method-assign]
        begin_or_go_on(config, run)

    assert in_child(die) == -9
    written = [line["step"] for line in RunReader(run).metrics()]
    assert written == list(range(len(written)))
    assert set(written) <= set(RunReader(run).rollout_steps())
    saved = [step_of(folder) or 0 for folder in checkpoints(run / "checkpoints")]
    assert max(saved, default=0) <= len(written), "no checkpoint is of a step that is not on disk"
    record_outcome(config, run)
    same(run, whole)


def stopping_at(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The `count`-th micro-batch is the last: the power goes."""
    seen = 0
    backward = MasterAdamW.backward

    def counted(self: Any, loss: Any) -> None:
        nonlocal seen
        seen += 1
        backward(self, loss)
        if seen == count:
            raise PowerCut

    monkeypatch.setattr(MasterAdamW, "backward", counted)


class PowerCut(BaseException):
    """Nobody handles it."""


QUICKLY = {(1, 1), (2, MIDDLE)}
"""Passes and tokens of which the first and the last micro-step are tried; `make test-long` tries every one of all."""


@pytest.mark.parametrize(
    ("iterations", "tokens", "parts", "every"),
    [
        pytest.param(passes, tokens, parts, every, marks=pytest.mark.slow if every else ())
        for passes, tokens, parts in (
            *((1, 1, 8), (1, MIDDLE, 2), (2, MIDDLE, 2), (4, MIDDLE, 2)),
            *((1, 4096, 1), (2, 4096, 1), (4, 4096, 1)),
        )
        for every in (False, True)
        if every or (passes, tokens) in QUICKLY
    ],
)
def test_stopped_at_any_micro_step(
    tiny_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    iterations: int,
    tokens: int,
    parts: int,
    every: bool,
) -> None:
    """R3: the first and the last micro-step of the second of three steps, or all of them, saved after each.

    Of rows, of groups, and of all at once.
    """
    changes = {
        "rewards": [f"{write_rewards(tmp_path)}:digits"],
        "sft.when": "never",
        "grpo.steps": 3,
        "grpo.objective.iterations": iterations,
        "grpo.micro_batch_tokens": tokens,
        "run.save_every": 1,
        "run.name": "it",
    }
    whole = train(shrunk(tiny_folder, tmp_path / "whole", changes), view=SILENT).path
    stops = range(iterations * parts + 1, 2 * iterations * parts + 1)
    for stop in stops if every else sorted({stops[0], stops[-1]}):
        config = shrunk(tiny_folder, tmp_path / str(stop), changes)
        with monkeypatch.context() as patch:
            stopping_at(stop, patch)
            with pytest.raises(PowerCut):
                train(config, view=SILENT)
        run = tmp_path / str(stop) / "it"
        assert [line["step"] for line in RunReader(run).metrics()] == [0]
        resume(run, view=SILENT)
        assert contents(run) == contents(whole)


@pytest.mark.parametrize("kills", [4, pytest.param(20, marks=pytest.mark.slow)])
def test_every_problem_is_asked_as_often_as_planned(tiny_folder: Path, tmp_path: Path, kills: int) -> None:
    """R12: 5 epochs of 6 problems, killed again and again."""
    rows = [{"question": f"{n} + {n}?", "answer": str(2 * n)} for n in range(6)]
    data = tmp_path / "sums.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    test = tmp_path / "test.jsonl"
    test.write_text(json.dumps({"question": "9 + 9?", "answer": "18"}) + "\n", encoding="utf-8")
    changes = {
        "data.train": {"name": str(data)},
        "data.test": {"name": str(test)},
        "rewards": [f"{write_rewards(tmp_path)}:digits"],
        "sft.when": "never",
        "grpo.steps": 15,
        "run.save_every": 2,
        "run.name": "it",
    }
    config, run, random = shrunk(tiny_folder, tmp_path, changes), tmp_path / "it", Random(5)
    for _ in range(kills):
        in_child(lambda: begin_or_go_on(config, run), kill_after=random.uniform(0.2, 1.2))
    record_outcome(config, run)
    reader = RunReader(run)
    asked = [Counter(r["question"] for r in reader.rollouts(step)) for step in reader.rollout_steps()]
    assert sum(asked, Counter()) == {f"{n} + {n}?": 5 * 4 for n in range(6)}, "4 responses in each of 5 epochs"
    for epoch in range(5):
        assert len(sum(asked[3 * epoch : 3 * epoch + 3], Counter())) == 6, "each once an epoch"


@pytest.mark.parametrize(
    "choice",
    [
        {"curriculum": {"by": "signal", "candidates": 2}, "sizes": "pass_rate", "learn_from": 2},
        {"first": 2, "draws": 2, "curriculum": {"by": "signal", "candidates": 2}},
    ],
    ids=["sizes", "first"],
)
def test_what_chooses_by_earlier_rewards_goes_on_as_it_was(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, choice: dict[str, Any]
) -> None:
    """Six problems that come round again, so that groups and problems are chosen by what was found before."""
    rows = [{"question": f"{n} + {n}?", "answer": str(2 * n)} for n in range(6)]
    data = tmp_path / "sums.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    changes = {
        "data.train": {"name": str(data)},
        "data.test": {"name": "arithmetic", "params": {"level": 3}},
        "rewards": [f"{write_rewards(tmp_path)}:digits"],
        "sft.when": "never",
        "grpo.steps": 6,
        "run.save_every": 1,
        "run.name": "it",
        **{f"grpo.{name}": value for name, value in choice.items()},
    }
    whole = train(shrunk(tiny_folder, tmp_path / "whole", changes), view=SILENT).path
    config = shrunk(tiny_folder, tmp_path, changes)
    with monkeypatch.context() as patch:
        stopping_at(4, patch)
        with pytest.raises(PowerCut):
            train(config, view=SILENT)
    assert len(RunReader(tmp_path / "it").metrics()) < 6
    resume(tmp_path / "it", view=SILENT)
    assert contents(tmp_path / "it") == contents(whole)


@pytest.fixture(scope="module")
def warmed(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A run with a warm start that is saved after each of its steps, which are longer than the minutes asked for."""
    folder = tmp_path_factory.mktemp("warmed")
    changes = {
        "rewards": [f"{write_rewards(folder)}:digits"],
        "sft.when": "always",
        "sft.steps": 8,
        "sft.patience": 2,
        "sft.optimizer.schedule": "cosine",
        "grpo.steps": 2,
        "run.save_minutes": 1e-9,
        "run.name": "it",
    }
    run = train(shrunk(tiny_folder, folder, changes), view=SILENT).path
    return SimpleNamespace(changes=changes, contents=contents(run), steps=len(RunReader(run).metrics("sft")))


@pytest.mark.parametrize("stop", [1, 6, *(pytest.param(stop, marks=pytest.mark.slow) for stop in (3, 8))])
def test_stopped_in_the_warm_start(
    warmed: Any, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    if stop > warmed.steps:
        pytest.skip(f"the warm start ended after {warmed.steps} steps")
    config, run = shrunk(tiny_folder, tmp_path, warmed.changes), tmp_path / "it"
    with monkeypatch.context() as patch:
        stopping_at(stop, patch)
        with pytest.raises(PowerCut):
            train(config, view=SILENT)
    assert [line["step"] for line in RunReader(run).metrics("sft")] == list(range(stop - 1))
    lines, view = listening()
    resume(run, view=view)
    expected = "resume: no whole checkpoint yet" if stop == 1 else f"resume: going on after step {stop - 1} of the warm"
    assert any(line.startswith(expected) for line in lines)
    assert contents(run) == warmed.contents
    assert not (run / "checkpoints" / "sft").exists(), "it is done"


@pytest.mark.parametrize("patience", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_a_warm_start_that_is_done_is_not_done_again(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, patience: int
) -> None:
    """Stopped while it is measured; one that ended early stays ended."""
    changes = {
        "rewards": [f"{write_rewards(tmp_path)}:digits"],
        "sft.when": "always",
        "sft.steps": 6,
        "sft.patience": patience,
        "sft.optimizer.learning_rate": 1e-12,
        "grpo.steps": 2,
        "run.name": "it",
    }
    whole = train(shrunk(tiny_folder, tmp_path / "whole", changes), view=SILENT).path
    steps = len(RunReader(whole).metrics("sft"))
    assert steps == patience + 1, "nothing improves"
    with monkeypatch.context() as patch:
        patch.setattr("whet.stages.pipeline.Pipeline._measure", interrupting(at="sft"))
        with pytest.raises(PowerCut):
            train(shrunk(tiny_folder, tmp_path, changes), view=SILENT)
    lines, view = listening()
    resume(tmp_path / "it", view=view)
    assert f"resume: going on after step {steps} of the warm start" in lines
    assert contents(tmp_path / "it") == contents(whole)


OWN = {
    "sft.when": "always",
    "sft.from": "own",
    "sft.own": {"problems": 48, "samples": 8, "least": 2},
    "sft.steps": 4,
    "sft.patience": 9,
    "grpo.sampling.max_tokens": 32,
    "run.save_minutes": 1e-9,
    "run.name": "it",
}
"""A model that says anything is right now and then."""


@pytest.fixture(scope="module")
def imitated(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A run that imitates its own answers, and that nothing happened to; with adapters in the warm start or without."""
    folder = tmp_path_factory.mktemp("imitated")
    rewards = [f"{write_rewards(folder)}:digits"]

    def config(runs: Path, lora: Any) -> Any:
        return shrunk(tiny_folder, runs, {"rewards": rewards, **OWN, "sft.lora": lora})

    found = {}
    for name, lora in {"full": None, "lora": {"rank": 2}}.items():
        run = train(config(folder / name, lora), view=SILENT).path
        assert len(RunReader(run).own_answers()) >= 2
        assert all("format_rate" in line for line in RunReader(run).metrics("sft"))
        found[name] = SimpleNamespace(config=lambda runs, lora=lora: config(runs, lora), contents=contents(run))
    return found


def killed_at(owner: Any, name: str, call: int) -> None:
    """The process dies before the `call`-th call (from 1) of a method."""
    method, seen = getattr(owner, name), 0

    def counted(*given: Any, **named: Any) -> Any:
        nonlocal seen
        seen += 1
        if seen == call:
            killing_itself()
        return method(*given, **named)

    setattr(owner, name, counted)


INSTANTS: dict[str, tuple[Any, str, int]] = {
    "sampling": (OwnAnswers, "sampled", 3),
    "writing them": (RunWriter, "record_own_answers", 1),
    "base": (Pipeline, "_measure", 1),
    "first step": (MasterAdamW, "step", 1),
    "third step": (MasterAdamW, "step", 3),
    "after the warm start": (Pipeline, "_measure", 2),
    "in GRPO": (MasterAdamW, "step", 6),
}
QUICK = {("full", "sampling"), ("full", "third step"), ("lora", "in GRPO")}
"""The others take minutes together, and are run by `make test-long`."""


@pytest.mark.parametrize(
    ("kind", "at"),
    [
        pytest.param(kind, at, marks=() if (kind, at) in QUICK else pytest.mark.slow)
        for kind in ("full", "lora")
        for at in INSTANTS
    ],
)
def test_killed_while_own_answers_are_sampled_or_imitated(imitated: Any, tmp_path: Path, kind: str, at: str) -> None:
    whole, run = imitated[kind], tmp_path / "it"
    config = whole.config(tmp_path)

    def die() -> None:
        killed_at(*INSTANTS[at])
        train(config, view=SILENT)

    assert in_child(die) == -9
    record_outcome(config, run)
    assert contents(run) == whole.contents


def interrupting(at: str) -> Any:
    """`Pipeline._measure`, until the power goes at a stage."""
    measure = Pipeline._measure

    def interrupted(way: Any, stage: str) -> None:
        if stage == at:
            raise PowerCut
        measure(way, stage)

    return interrupted


def test_a_finished_run_is_only_told_of_again(whole: Any, tiny_folder: Path, tmp_path: Path) -> None:
    config = shrunk(tiny_folder, tmp_path, {"sft.when": "never", "run.name": "it"})
    outcome = train(config, view=SILENT)
    before = {path: path.stat().st_mtime_ns for path in outcome.path.rglob("*")}
    again = resume(outcome.path, view=SILENT)
    assert again.evaluations == outcome.evaluations
    assert again.pace == outcome.pace
    assert {path: path.stat().st_mtime_ns for path in outcome.path.rglob("*")} == before


def test_two_at_once(tiny_folder: Path, tmp_path: Path) -> None:
    recipe = dump_recipe(shrunk(tiny_folder, tmp_path))
    with RunWriter.create(tmp_path, recipe, {}, name="it") as run, pytest.raises(UserError, match="in use by process"):
        resume(run.path, view=SILENT)


def test_other_data_is_refused(tiny_folder: Path, tmp_path: Path) -> None:
    rows = tmp_path / "sums.jsonl"
    rows.write_text("".join(json.dumps({"question": f"{n} + {n}?", "answer": str(2 * n)}) + "\n" for n in range(40)))
    changes = {
        "data.train": {"name": str(rows), "params": {"hold_out": 0.1}},
        "rewards": [f"{write_rewards(tmp_path)}:digits"],
        "sft.when": "never",
        "run.name": "it",
    }
    config = shrunk(tiny_folder, tmp_path, changes)
    with pytest.MonkeyPatch.context() as patch:
        stopping_at(1, patch)
        with pytest.raises(PowerCut):
            train(config, view=SILENT)
    rows.write_text(rows.read_text().replace("3 + 3", "3 + 4"))
    with pytest.raises(UserError, match="resume: data is not what the run began with"):
        resume(tmp_path / "it", view=SILENT)
