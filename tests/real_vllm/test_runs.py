"""Whole runs through vLLM itself: alone, by two processes, and killed at random."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import tiny
from crashes import contents
from whet.runs.reader import RunReader
from wiring import words, write_rewards

pytestmark = pytest.mark.vllm

KILLS = 10

LIMIT = 60.0
"""Seconds within which the whole run must have ended after a kill."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("vllm")
    work = tmp_path_factory.mktemp("vllm")
    tiny.save_tiny(work / "model", head_dim=32, hidden_size=64)
    write_rewards(work)
    return work


def command(work: Path, name: str, **changes: Any) -> list[str]:
    wanted = {"rewards": json.dumps([f"{work / 'rewards.py'}:digits"]), "sft.when": "never", "rollout.engine": "vllm"}
    wanted |= {"check.on_no_signal": "train", "run.name": name, "run.save_every": 3, **changes}
    return [sys.executable, "-m", "whet", "train", "quickstart", *words(work / "model", work / "runs", wanted)]


def done(line: list[str]) -> str:
    """What a command said, which must have ended well."""
    found = subprocess.run(line, capture_output=True, text=True, timeout=300)
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout


def ledger(run: Path) -> list[tuple[int, str, tuple[int, ...]]]:
    """Every response that was learned from: step, problem, tokens."""
    files = sorted((run / "rollouts").glob("*.jsonl"))
    lines = [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]
    return sorted((line["step"], line["problem"], tuple(line["tokens"])) for line in lines)


def test_two_processes_draw_the_responses_of_one(folder: Path) -> None:
    said = done(command(folder, "one", **{"grpo.steps": 4}))
    assert said.count("engine: vLLM") == 1
    done(command(folder, "two", **{"grpo.steps": 4, "compute.processes": 2}))
    one, two = folder / "runs" / "one", folder / "runs" / "two"
    assert ledger(one) == ledger(two)
    assert len(ledger(one)) == 4 * 8
    for a, b in zip(RunReader(one).metrics(), RunReader(two).metrics(), strict=True):
        assert a["reward"] == pytest.approx(b["reward"], abs=1e-9)
        assert a["loss"] == pytest.approx(b["loss"], abs=1e-5)
        assert max(a["sampler/logprob_difference_max"], b["sampler/logprob_difference_max"]) < 1e-4


def test_killed_at_random_it_goes_on_to_the_same_bytes(folder: Path) -> None:
    """The engine lives in the run's process, so whoever kills one kills the other: ten times, wherever it is."""
    steps, chance = {"grpo.steps": 150, "eval.every": 50}, random.Random(3)
    done(command(folder, "undisturbed", **steps))
    run, killed = folder / "runs" / "killed", 0
    line = command(folder, "killed", **steps)
    for _ in range(4 * KILLS):
        before = len(RunReader(run).metrics()) if (run / "metrics.jsonl").exists() else 0
        process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and killed < KILLS and not _went_on(run, before):
            time.sleep(0.05)
        time.sleep(chance.random())
        if process.poll() is None and killed < KILLS:
            process.send_signal(signal.SIGKILL)
            began = time.monotonic()
            process.wait()
            assert time.monotonic() - began < LIMIT
            killed += 1
            line = [sys.executable, "-m", "whet", "resume", str(run)]
        elif process.wait() == 0:
            break
    assert killed == KILLS
    assert contents(run) == contents(folder / "runs" / "undisturbed")
    assert ledger(run) == ledger(folder / "runs" / "undisturbed")


def _went_on(run: Path, before: int) -> bool:
    path = run / "metrics.jsonl"
    return path.exists() and path.read_bytes().count(b"\n") > before
