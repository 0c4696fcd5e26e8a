"""`whet train` with several processes, from the command line."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from processes import soon
from ranks import free_port
from whet.cli import several
from whet.cli.exit_status import exit_status
from whet.cluster import start_ranks
from whet.config import ComputeConfig, RayProcessesConfig
from whet.errors import UserError
from wiring import words, write_rewards


def _several(monkeypatch: pytest.MonkeyPatch, rank: int) -> None:
    variables = {"RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_others_are_started_where_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr(several, "launch", lambda arguments, count, log: calls.append((arguments, count)) or 75)
    several.start_others(["train", "x"], ComputeConfig(), Path("runs"))
    assert calls == []
    with pytest.raises(SystemExit) as ended:
        several.start_others(["train", "x"], ComputeConfig(processes=2), Path("runs"))
    assert calls == [(["train", "x"], 2)]
    assert ended.value.code == 75
    _several(monkeypatch, 1)
    several.start_others(["train", "x"], ComputeConfig(processes=2), Path("runs"))  # torchrun has started them
    assert len(calls) == 1


ON_RAY = ComputeConfig.model_validate({"processes": 2, "ray": {"address": "gpu-7:6379", "cpus": 4}})


def test_others_are_started_on_a_cluster_where_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    on_cluster = lambda words, compute, folder, log: calls.append((words, compute, folder)) or 2  # noqa: E731
    monkeypatch.setattr(start_ranks, "launch_on_cluster", on_cluster)
    with pytest.raises(SystemExit, match="2"):
        several.start_others(["resume", "x"], ON_RAY, Path("runs/x"))
    assert calls == [(["resume", "x"], ON_RAY, Path("runs/x"))]


def test_a_run_goes_on_where_it_was_or_elsewhere() -> None:
    alone, there = ComputeConfig(processes=2), ON_RAY
    assert several.shared_anew(there, None, None) == there
    assert several.shared_anew(there, "4", "auto").model_dump() == {
        **there.model_dump(), "processes": 4, "ray": {"address": "auto", "cpus": 4, "gpus": None},
    }  # fmt: skip
    assert several.shared_anew(there, None, "here") == alone
    assert several.shared_anew(alone, None, "auto").ray == RayProcessesConfig(address="auto")
    assert several.shared_anew(there, "1", None).processes == 1


@pytest.mark.parametrize(
    ("processes", "ray", "said"),
    [
        ("0", None, r"^--processes: is 0; it must be at least 1$"),
        (None, "gpu-7", r"^--ray: is 'gpu-7'; use auto, or HOST:PORT of a cluster's head, or here for this machine$"),
        (None, "ray://:secret@gpu-7:1", r"^--ray: is 'ray://…@gpu-7:1'; use auto"),
        ("1", "auto", r"^--ray: names a cluster, but one process runs on this machine; set --processes to 2 or more$"),
    ],
)
def test_what_is_no_place_to_go_on_is_refused(processes: str | None, ray: str | None, said: str) -> None:
    with pytest.raises(UserError, match=said):
        several.shared_anew(ON_RAY, processes, ray)


def test_all_but_the_first_are_quiet(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    for rank, expected in ((0, ("said\n", "whet: interrupted\n")), (1, ("", ""))):
        _several(monkeypatch, rank)
        monkeypatch.setattr(sys, "stdout", sys.stdout)
        with pytest.raises(SystemExit, match="75"):
            _interrupted()
        assert capfd.readouterr() == expected


def _interrupted() -> None:
    with exit_status(), several.one_of_several():
        print("said")
        raise KeyboardInterrupt


@pytest.mark.slow
def test_torchrun_and_whet_train_end_alike(tmp_path: Path, tiny_folder: Path) -> None:
    rewards = [f"{write_rewards(tmp_path)}:digits"]
    common = words(tiny_folder, tmp_path / "runs", {"rewards": json.dumps(rewards), "sft.when": "never"})
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port"]
    whet = ["-m", "whet", "train", "quickstart", *common, "--check.on_no_signal", "train", "--run.name"]
    commands = {
        "alone": [sys.executable, *whet, "alone"],
        "started": [sys.executable, *whet, "started", "--compute.processes", "2"],
        "torchrun": [*torchrun, str(free_port()), *whet, "torchrun"],
    }
    found = {name: subprocess.run(command, capture_output=True, text=True) for name, command in commands.items()}
    assert {name: one.returncode for name, one in found.items()} == dict.fromkeys(found, 0)
    for name, one in found.items():
        assert one.stdout.count("Evaluate the result 6/6") == 1, name
        assert one.stdout.count("everything is in") == 1, name
    metrics = {name: (tmp_path / "runs" / name / "metrics.jsonl").read_bytes() for name in found}
    assert metrics["torchrun"] == metrics["started"]


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_the_step_in_all_processes(tmp_path: Path, tiny_folder: Path, stop: signal.Signals) -> None:
    rewards = [f"{write_rewards(tmp_path)}:digits"]
    changes = {"rewards": json.dumps(rewards), "sft.when": "never", "grpo.steps": 2000, "compute.processes": 2}
    common = words(tiny_folder, tmp_path / "runs", changes)
    command = [sys.executable, "-m", "whet", "train", "quickstart", *common, "--check.on_no_signal", "train"]
    run = tmp_path / "runs" / "run"
    started = subprocess.Popen([*command, "--run.name", "run"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert soon(lambda: (run / "metrics.jsonl").exists(), 120)
    os.kill(started.pid, stop)
    out, error = started.communicate(timeout=60)
    assert started.returncode == 75, (out, error)
    assert "which is saved" in error.decode()
    assert len(list((run / "checkpoints").glob("step-*"))) == 1
