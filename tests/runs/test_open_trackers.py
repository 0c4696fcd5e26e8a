"""Whatever a tracker does, the run ends as it would without one, and its own log is complete."""

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fake_trackers import Fault, hanging, install, raising
from whet.api import train
from whet.errors import UserError
from whet.runs import open_trackers as tracking
from whet.runs.reader import RunReader
from wiring import listening, shrunk, write_rewards

NETWORK = ConnectionError("[Errno 101] Network is unreachable")

FAULTS: Mapping[str, tuple[Fault, str]] = {
    "raises at the start": (raising("init", RuntimeError("not logged in")), "RuntimeError: not logged in"),
    "raises at a record": (raising("log", ValueError("no such run")), "ValueError: no such run"),
    "raises at the end": (raising("finish", ValueError("no such run")), "ValueError: no such run"),
    "exits": (raising("init", SystemExit("bye")), "SystemExit: bye"),
    "has no network at the start": (raising("init", NETWORK), "Network is unreachable"),
    "has no network later": (raising("log", NETWORK), "Network is unreachable"),
    "hangs at the start": (hanging("init"), "no answer in 0 s"),
    "hangs at a record": (hanging("log"), "no answer in 0 s"),
    "hangs at the end": (hanging("finish"), "no answer in 0 s"),
}


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking, "PATIENCE", 0.2)


def walked(folder: Path, runs: Path, trackers: Any) -> tuple[RunReader, list[str]]:
    rewards = write_rewards(folder.parent)
    changes = {"rewards": [f"{rewards}:digits"], "sft.when": "always", "eval.every": 1, "run.trackers": trackers}
    lines, view = listening()
    outcome = train(shrunk(folder, runs, changes), view=view)
    return RunReader(outcome.path), lines


def written(run: RunReader) -> dict[str, bytes]:
    """What must be the same with and without a tracker."""
    kinds = ("metrics.jsonl", "check*.json", "rollouts/*", "eval/*", "final/*")
    files = [file for kind in kinds for file in sorted(run.path.glob(kind))]
    return {file.relative_to(run.path).as_posix(): file.read_bytes() for file in files}


@pytest.fixture(scope="module")
def alone(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A run without a tracker."""
    return written(walked(tiny_folder, tmp_path_factory.mktemp("alone"), [])[0])


@pytest.mark.parametrize("what", FAULTS)
def test_training_is_unaffected_and_the_log_complete(
    what: str, alone: dict[str, bytes], tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault, why = FAULTS[what]
    for name in ("wandb", "trackio"):
        install(monkeypatch, name, fault)
    began = time.monotonic()
    run, lines = walked(tiny_folder, tmp_path, ["wandb", "trackio"])
    assert time.monotonic() - began < 60
    assert len(alone) > 8
    assert written(run) == alone
    assert run.log().splitlines()[-1].endswith(" finished")
    for name in ("wandb", "trackio"):
        told = [line for line in lines if line.startswith(name) and "metrics.jsonl has" in line]
        assert 1 <= len(told) <= 2
        assert why in told[-1]


def test_one_that_works_gets_every_figure(
    alone: dict[str, bytes], tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "PATIENCE", 10.0)
    library = install(monkeypatch, "wandb")
    run, lines = walked(tiny_folder, tmp_path, [{"name": "wandb", "params": {"project": "mine"}}])
    assert written(run) == alone
    got: dict[tuple[str, int], dict[str, float]] = {}
    for figures, _ in library.logged:
        (phase,) = {name.partition("/")[0] for name in figures}
        got.setdefault((phase, int(figures[f"{phase}/step"])), {}).update(figures)
    for phase in ("sft", "grpo"):
        for line in run.metrics(phase):
            figures = got[phase, line["step"]]
            numbers = {f"{phase}/{name}": value for name, value in line.items() if isinstance(value, float)}
            assert len(numbers) > 2
            assert numbers.items() <= figures.items()
    assert got["grpo", 1]["grpo/tokens_per_second"] > 0
    evaluations = run.evaluations()
    for stage, step in (("sft", 0), ("step-000001", 1), ("final", 2)):
        assert got["eval", step]["eval/accuracy"] == evaluations[stage]["accuracy"]
    assert library.started["config"]["grpo"]["steps"] == 2
    assert library.finished
    assert not [line for line in lines if "metrics.jsonl has" in line]


def test_a_missing_library_is_refused_before_a_model_is_looked_for(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)  # type: ignore[arg-type]
    lines, view = listening()
    with pytest.raises(UserError, match=r"run\.trackers: wandb is not installed; `pip install wandb`"):
        train(shrunk(Path("./nowhere"), tmp_path / "runs", {"run.trackers": ["wandb"]}), view=view)
    assert lines == []
    assert not (tmp_path / "runs").exists()


def test_an_optional_one_that_is_missing_is_a_line(
    alone: dict[str, bytes], tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)  # type: ignore[arg-type]
    run, lines = walked(tiny_folder, tmp_path, [{"name": "wandb", "optional": True}])
    assert written(run) == alone
    assert [line for line in lines if "wandb" in line] == [
        "run.trackers: wandb is not installed, so the run goes on without it (`pip install wandb` or take it out of "
        "run.trackers); metrics.jsonl has everything"
    ]


def test_a_run_that_fails_ends_its_trackers_too(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "PATIENCE", 10.0)
    library = install(monkeypatch, "wandb")
    reward = {"name": f"{write_rewards(tmp_path)}:interrupted", "isolate": False}
    changes = {"rewards": [reward], "run.trackers": ["wandb"]}
    with pytest.raises(KeyboardInterrupt):
        train(shrunk(tiny_folder, tmp_path, changes), view=listening()[1])
    assert library.finished
    assert {"grpo/step"} <= {name for figures, _ in library.logged for name in figures}


def test_settings_that_a_tracker_gets_hold_no_secret(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "PATIENCE", 10.0)
    library = install(monkeypatch, "wandb")
    config = shrunk(tiny_folder, tmp_path, {"grpo.steps": 0, "run.trackers": ["wandb"]})
    monkeypatch.setenv("MY_TOKEN", str(config.data.train.name))
    train(config, view=listening()[1])
    assert "arithmetic" not in json.dumps(library.started["config"])
