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
from wiring import words, write_rewards


def _several(monkeypatch: pytest.MonkeyPatch, rank: int) -> None:
    variables = {"RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_others_are_started_where_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr(several, "launch", lambda arguments, count, log: calls.append((arguments, count)) or 75)
    several.start_others(["train", "x"], 1)
    assert calls == []
    with pytest.raises(SystemExit) as ended:
        several.start_others(["train", "x"], 2)
    assert calls == [(["train", "x"], 2)]
    assert ended.value.code == 75
    _several(monkeypatch, 1)
    several.start_others(["train", "x"], 2)  # torchrun has started them
    assert len(calls) == 1


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
