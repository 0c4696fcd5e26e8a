"""Who opens a run folder, and what of a recipe is for one process alone."""

import threading
from pathlib import Path
from typing import Any

import pytest

from ranks_in_threads import in_threads
from whet.compute.processes import Alone
from whet.config import Config
from whet.errors import UserError
from whet.recipe import load_recipe
from whet.runs.follower import RunFollower
from whet.runs.writer import RunWriter
from whet.stages import run_folder


@pytest.fixture
def config(tmp_path: Path) -> Config:
    tracked = {"run.folder": str(tmp_path), "run.name": "one", "run.trackers": ["tensorboard"], "run.push": "me/model"}
    return load_recipe("quickstart", tracked)


def _as(monkeypatch: pytest.MonkeyPatch, seat: Any) -> None:
    monkeypatch.setattr(run_folder, "joined", lambda: seat)


def test_the_first_process_creates_and_the_others_follow(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    seats: dict[int, Any] = {}
    monkeypatch.setattr(run_folder, "joined", lambda: seats[threading.get_ident()])

    def opened(processes: Any) -> RunWriter:
        seats[threading.get_ident()] = processes
        return run_folder.created(config, "seed: 1\n", {}, "run")

    first, second = in_threads(2, opened)
    assert type(first) is RunWriter
    assert type(second) is RunFollower
    assert first.path == second.path == Path(config.run.folder) / "one"
    first.close()

    def again(processes: Any) -> str:
        seats[threading.get_ident()] = processes
        try:
            run_folder.created(config, "seed: 1\n", {}, "run")
        except UserError as error:
            return str(error)
        return ""

    assert in_threads(2, again) == [f"run.name: {first.path} exists; choose another name"] * 2


def test_alone_a_run_is_reopened_for_writing(tmp_path: Path) -> None:
    RunWriter.create(tmp_path, "seed: 1\n", {}, name="run").close()
    with run_folder.reopened(tmp_path / "run") as run:
        assert run.writes


def test_trackers_and_hub_are_for_the_first_process(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = in_threads(2, lambda processes: processes)
    _as(monkeypatch, first)
    assert run_folder.of_this_process(config) is config
    _as(monkeypatch, second)
    follows = run_folder.of_this_process(config)
    assert follows.run.trackers == []
    assert follows.run.push is None
    assert follows.model_copy(update={"run": config.run}) == config


def test_the_recipe_says_how_many_there_are(config: Config) -> None:
    assert run_folder.together(config) is config
    several = config.model_copy(update={"compute": config.compute.model_copy(update={"processes": 4})})
    assert run_folder.together(several) == config  # this test is one process


def test_a_program_alone_is_refused(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    _as(monkeypatch, Alone())
    run_folder.refuse_alone(config)
    several = config.model_copy(update={"compute": config.compute.model_copy(update={"processes": 4})})
    with pytest.raises(UserError, match=r"^compute.processes: is 4, .*`torchrun --nproc-per-node 4`, or use `whet tr"):
        run_folder.refuse_alone(several)
