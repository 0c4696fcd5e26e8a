"""Processes of a run that are killed: an attributable end within a minute, then the same result as undisturbed."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import psutil
import pytest

from processes import soon
from wiring import words, write_rewards

KILLS = 10

LIMIT = 60.0
"""Seconds within which the others must have ended."""


def _command(tmp_path: Path, model: Path, name: str, sharding: str) -> list[str]:
    rewards = [f"{write_rewards(tmp_path)}:digits"]
    changes = {"rewards": json.dumps(rewards), "sft.when": "never", "check.on_no_signal": "train", "grpo.steps": 60}
    shared = {"compute.processes": 2, "compute.sharding": sharding}
    common = words(model, tmp_path / "runs", {**changes, "run.save_every": 3, **shared})
    return [sys.executable, "-m", "whet", "train", "quickstart", *common, "--run.name", name]


def _ranks(launcher: int) -> list[int]:
    """The processes of the run, by rank."""
    children = psutil.Process(launcher).children()
    return [child.pid for child in sorted(children, key=lambda child: int(child.environ()["RANK"]))]


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _has_grown(path: Path, before: int) -> bool:
    return _size(path) > before


def _ledger(run: Path) -> list[tuple[int, str, str]]:
    """Every response that was learned from: step, problem, text."""
    files = sorted((run / "rollouts").glob("*.jsonl"))
    lines = [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]
    return [(line["step"], line["problem"], line["text"]) for line in lines]


@pytest.mark.slow
@pytest.mark.parametrize("sharding", ["none", "full"])
def test_ranks_killed_at_random(tmp_path: Path, tiny_folder: Path, sharding: str) -> None:
    """Ten kills, of either rank, at random instants of training; each is named, and the run goes on."""
    whole = _command(tmp_path, tiny_folder, "undisturbed", sharding)
    undisturbed = subprocess.run(whole, capture_output=True, text=True)
    assert undisturbed.returncode == 0, undisturbed.stderr
    instants, run = random.Random(5), tmp_path / "runs" / "killed"
    command, waited = _command(tmp_path, tiny_folder, "killed", sharding), []
    for number in range(KILLS):
        before = _size(run / "timings.jsonl")
        started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        # killed while it trains: once it has added a step
        grown = soon(partial(_has_grown, run / "timings.jsonl", before), 120)
        assert grown or started.poll() == 0
        time.sleep(instants.uniform(0, 1.0))
        rank = instants.randrange(2)
        if started.poll() is None:
            os.kill(_ranks(started.pid)[rank], signal.SIGKILL)
        began = time.monotonic()
        _, said = started.communicate(timeout=LIMIT)
        waited.append(time.monotonic() - began)
        if started.returncode == 0:  # it was done before it could be killed
            break
        assert started.returncode == 75, said
        assert f"whet: process {rank} of 2 was ended by SIGKILL" in said
        if rank == 1:
            assert "whet: process 1 (pid " in said
            assert "of 2 ended without a word: killed, or out of memory" in said
        command = [sys.executable, "-m", "whet", "resume", str(run)]
        print(f"kill {number}: rank {rank}, the rest had ended after {waited[-1]:.1f} s")
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert _ledger(run) == _ledger(tmp_path / "runs" / "undisturbed")
    for name in ("metrics.jsonl", "final/model.safetensors"):
        assert (run / name).read_bytes() == (tmp_path / "runs" / "undisturbed" / name).read_bytes()
    print(f"longest wait {max(waited):.1f} s of {LIMIT:g}")
