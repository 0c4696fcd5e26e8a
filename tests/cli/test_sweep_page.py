"""`whet sweep` from the command line."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest

from stand_in_ray_package import installed
from sweep.records import records
from whet.cli import sweep_page as sweeping
from whet.cli.sweep_page import sweep_page
from whet.cli.terminal import console
from whet.errors import UserError
from whet.eval.evaluation import Evaluation
from whet.sweep.result import SweepResult
from whet.sweep.trial_folder import Trial, folder_of
from wiring import words, write_rewards


def _page(result: SweepResult, width: int) -> list[str]:
    page = console()
    page.width = width
    with page.capture() as captured:
        page.print(sweep_page(result))
    return [line.rstrip() for line in captured.get().splitlines()]


RESULT = SweepResult(
    Path("runs/one-sweep"),
    trials=(
        Trial(0, Path("trial-000"), {"grpo.optimizer.learning_rate": 1e-5}, "finished", 0.25, (0.1, 0.4)),
        winner := Trial(1, Path("trial-001"), {"grpo.optimizer.learning_rate": 3.3e-5}, "finished", 0.5, (0.3, 0.7)),
        Trial(2, Path("trial-002"), {"grpo.optimizer.learning_rate": 9e-4}, "pruned", why="after step 10"),
        Trial(3, Path("trial-003"), {"grpo.optimizer.learning_rate": 2e-4}, "failed", why="no room"),
    ),
    winner=winner,
    again=Evaluation(records("0101")),
)


@pytest.mark.parametrize("width", [80, 100])
def test_the_table_of_trials(width: int) -> None:
    lines = _page(RESULT, width)
    assert lines[0].split() == ["trial", "accuracy", "95", "%", "interval", "learning_rate"]
    assert [line.split() for line in lines[1:5]] == [
        ["trial-000", "25.0", "%", "10.0", "–", "40.0", "1e-05"],
        ["trial-001", "50.0", "%", "30.0", "–", "70.0", "3.3e-05"],
        ["trial-002", "pruned", "after", "step", "10", "0.0009"],
        ["trial-003", "failed", "0.0002"],
    ]
    assert " ".join(lines[6:8]).startswith(
        "trial-001 is the best of 4 trials: 50 % right, and 50 % on 4 fresh problems"
    )
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize("name", ["trials", "parallel"])
def test_too_few(tmp_path: Path, name: str) -> None:
    space = tmp_path / "space.yaml"
    space.write_text("seed: {int: [0, 9]}", encoding="utf-8")
    with pytest.raises(UserError, match=rf"^--{name}: is 0; it must be at least 1$"):
        sweeping.sweep("quickstart", space=space, **{name: "0"})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"cpus": "4"}, r"^--cpus: is for trials on a cluster; name one with --ray, or leave it away$"),
        ({"gpus": "1"}, r"^--gpus: is for trials on a cluster; name one with --ray, or leave it away$"),
        ({"ray": "gpu-7"}, r"^--ray: is 'gpu-7'; use auto, or HOST:PORT of a cluster's head$"),
        ({"ray": "ray://:secret@gpu-7:1"}, r"^--ray: is 'ray://…@gpu-7:1'; use auto"),
        ({"ray": "auto", "cpus": "0"}, r"^--cpus: is 0; it must be at least 1$"),
        ({"ray": "auto", "gpus": "-1"}, r"^--gpus: is -1; it must be at least 0$"),
    ],
)
def test_what_is_no_cluster_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, str], said: str
) -> None:
    installed(monkeypatch).__spec__ = ModuleSpec("ray", None)
    space = tmp_path / "space.yaml"
    space.write_text("seed: {int: [0, 9]}", encoding="utf-8")
    with pytest.raises(UserError, match=said):
        sweeping.sweep("quickstart", space=space, **given)


def test_two_clusters_for_a_trial_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch).__spec__ = ModuleSpec("ray", None)
    space = tmp_path / "space.yaml"
    space.write_text("seed: {int: [0, 9]}", encoding="utf-8")
    own = (("compute.processes", "2"), ("compute.ray", "auto"))
    said = r"^--ray: places each trial on a cluster, and compute\.ray the processes of each; leave one of them out$"
    with pytest.raises(UserError, match=said):
        sweeping.sweep("quickstart", space=space, ray="auto", overrides=own)


def test_without_ray_the_fix_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    space = tmp_path / "space.yaml"
    space.write_text("seed: {int: [0, 9]}", encoding="utf-8")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"^--ray: needs Ray; install it by `pip install 'whet\[ray\]'`$"):
        sweeping.sweep("quickstart", space=space, ray="auto")


def _command(tmp_path: Path, model: Path, trials: int, parallel: int = 1) -> list[str]:
    space = tmp_path / "space.yaml"
    space.write_text("grpo.optimizer.learning_rate: {log: [1e-5, 1e-2]}\ngrpo.group_size: {int: [2, 6, 2]}\n")
    rewards = [f"{write_rewards(tmp_path)}:digits"]
    changes = {"rewards": json.dumps(rewards), "sft.when": "never", "check.on_no_signal": "train", "run.save_every": 1}
    common = words(model, tmp_path / "runs", {**changes, "eval.every": 1, "grpo.steps": 2, "eval.problems": 2})
    given = ["--space", str(space), "--trials", str(trials), "--into", str(tmp_path / "sweep"), "--json"]
    given += ["--parallel", str(parallel)]
    return [sys.executable, "-m", "whet", "sweep", "quickstart", *given, *common]


def _told(found: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [(one["trial"], one["state"], one["values"], one["accuracy"]) for one in found["trials"]]


KILLS = 10


@pytest.mark.slow
@pytest.mark.parametrize("parallel", [1, 2])
def test_a_sweep_that_is_killed_at_random_ends_as_one_that_is_not(
    tmp_path: Path, tiny_folder: Path, parallel: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten times SIGKILL at random instants, then to the end: the same trials, with the same values and accuracies.

    Two at a time too: the first trials have values at random, which follow from their numbers. Each has one thread,
    as another number of threads rounds otherwise.
    """
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    whole.mkdir()
    killed.mkdir()
    done = subprocess.run(_command(whole, tiny_folder, 3), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    instants = random.Random(17)
    for _ in range(KILLS):
        started = subprocess.Popen(
            _command(killed, tiny_folder, 3, parallel), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(instants.uniform(2, 15))
        os.kill(started.pid, signal.SIGKILL)
        started.wait()
    again = subprocess.run(_command(killed, tiny_folder, 3, parallel), capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    expected, found = json.loads(done.stdout), json.loads(again.stdout)
    assert _told(found) == _told(expected)
    assert found["fresh"]["accuracy"] == expected["fresh"]["accuracy"]
    for number in range(3):
        weights = [folder_of(one / "sweep", number) / "final" / "model.safetensors" for one in (whole, killed)]
        assert weights[0].read_bytes() == weights[1].read_bytes()
