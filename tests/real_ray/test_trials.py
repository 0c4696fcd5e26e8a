"""Ray itself: a sweep whose trials run on the nodes of a cluster, loses a node, and then its own process."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from processes import soon
from whet.runs.reader import RunReader, is_run
from whet.sweep.trial_folder import folder_of
from wiring import words, write_rewards

pytestmark = pytest.mark.ray

SMALL = {"object_store_memory": 128 * 2**20}
TRIALS, STEPS, LIMIT = 2, 100, 180.0


@pytest.fixture(autouse=True, scope="module")
def needs_ray() -> None:
    pytest.importorskip("ray")
    pytest.importorskip("optuna")


def _command(folder: Path, model: Path, *more: str) -> list[str]:
    folder.mkdir(exist_ok=True)
    space = folder / "space.yaml"
    space.write_text("grpo.optimizer.learning_rate: {log: [1e-5, 1e-2]}\ngrpo.group_size: {int: [2, 6, 2]}\n")
    rewards = [f"{write_rewards(folder)}:digits"]
    changes = {"rewards": json.dumps(rewards), "sft.when": "never", "check.on_no_signal": "train", "run.save_every": 5}
    changes |= {"grpo.steps": STEPS, "grpo.sampling.max_tokens": 60, "eval.every": 40, "eval.problems": 2}
    common = words(model, folder / "runs", changes)
    given = ["--space", str(space), "--trials", str(TRIALS), "--into", str(folder / "sweep"), "--json", *more]
    return [sys.executable, "-m", "whet", "sweep", "quickstart", *given, *common]


def _steps(folder: Path, number: int) -> int:
    path = folder_of(folder / "sweep", number)
    return len(RunReader(path).metrics("grpo")) if is_run(path) else 0


def _told(found: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [(one["trial"], one["state"], one["values"], one["accuracy"]) for one in found["trials"]]


def test_a_sweep_on_a_cluster_bears_the_loss_of_a_node_and_its_own(
    tmp_path: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends as one on this machine that was left alone: the same values, accuracies, and weights to the byte."""
    from ray.cluster_utils import Cluster as Machines

    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    here, there = tmp_path / "here", tmp_path / "there"
    whole = subprocess.run(_command(here, tiny_folder), capture_output=True, text=True)
    assert whole.returncode == 0, whole.stderr
    machines = Machines(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False, **SMALL})
    try:
        node = machines.add_node(num_cpus=2, **SMALL)
        command = _command(there, tiny_folder, "--parallel", "2", "--ray", machines.address)
        with (tmp_path / "said").open("w+") as said:
            started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said)
            assert soon(lambda: _steps(there, 0) >= 1 and _steps(there, 1) >= 1, LIMIT), (tmp_path / "said").read_text()
            machines.remove_node(node, allow_graceful=False)
            machines.add_node(num_cpus=2, **SMALL)
            assert soon(lambda: (tmp_path / "said").read_text().count("goes on with") == TRIALS, LIMIT)
            started.send_signal(signal.SIGKILL)
            started.wait()
        assert "has left the Ray cluster" in (tmp_path / "said").read_text()
        again = subprocess.run(command, capture_output=True, text=True)
        assert again.returncode == 0, again.stderr
    finally:
        machines.shutdown()
    assert _told(json.loads(again.stdout)) == _told(json.loads(whole.stdout))
    assert not (there / "sweep" / "tries.jsonl").exists(), "no trial was at fault"
    for number in range(TRIALS):
        weights = [folder_of(one / "sweep", number) / "final" / "model.safetensors" for one in (here, there)]
        assert weights[0].read_bytes() == weights[1].read_bytes()
