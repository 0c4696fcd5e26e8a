"""Whole runs by Ray's workers: these and the head of the cluster are killed at random."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

import tiny
from crashes import contents
from offspring import below
from wiring import words, write_rewards

pytestmark = pytest.mark.ray

KILLS, STEPS = 10, 40

MANY = 320
"""Steps of a run whose head is killed: it goes on for the 20 seconds in which a head may come back."""

LIMIT = 60.0
"""Seconds within which a run must have gone on, or have ended with a line that says why, after a kill."""

INTERRUPTED = 75

REASONS = ("the head of the Ray cluster", "Ray has ended on this machine", "no Ray worker is left")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("ray")
    work = tmp_path_factory.mktemp("ray")
    tiny.save_tiny(work / "model")
    write_rewards(work)
    return work


def command(work: Path, name: str, ahead: int, steps: int = STEPS) -> list[str]:
    wanted = {"rewards": json.dumps([f"{work / 'rewards.py'}:digits"]), "sft.when": "never", "rollout.engine": "ray"}
    wanted |= {"check.on_no_signal": "train", "run.name": name, "run.save_every": 3, "grpo.steps": steps}
    wanted |= {"grpo.sampling.max_tokens": 60, "grpo.objective.importance": "token", "rollout.ahead": str(ahead)}
    wanted |= {"eval.every": 20, "grpo.optimizer.learning_rate": 1e-4}
    return [sys.executable, "-m", "whet", "train", "quickstart", *words(work / "model", work / "runs", wanted)]


def begun(line: list[str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.fixture(scope="module", params=[0, 1], ids=["at once", "ahead"])
def undisturbed(request: pytest.FixtureRequest, folder: Path) -> tuple[int, Path]:
    """A run that nobody disturbs, one of each kind."""
    name = f"undisturbed-{request.param}"
    run = begun(command(folder, name, request.param))
    said, _ = run.communicate(timeout=300)
    assert run.returncode == 0, said
    assert said.count("engine: fused decoder in 2 Ray workers") == 1
    stale = [json.loads(line).get("sampler/staleness") for line in (folder / "runs" / name / "metrics.jsonl").open()]
    assert stale == ([0.0] + [1.0] * (STEPS - 1) if request.param else [None] * STEPS)
    return request.param, folder / "runs" / name


def steps(run: Path) -> int:
    path = run / "metrics.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def wait_for_steps(process: "subprocess.Popen[str]", run: Path, more_than: int) -> bool:
    """Whether a step was recorded beyond so many; False where the process ended."""
    while process.poll() is None and steps(run) <= more_than:
        time.sleep(0.05)
    return process.poll() is None


def test_workers_that_are_killed_cost_time_and_nothing_else(folder: Path, undisturbed: tuple[int, Path]) -> None:
    ahead, whole = undisturbed
    path, chance, seconds = folder / "runs" / f"workers-{ahead}", random.Random(2), []
    run = begun(command(folder, path.name, ahead))
    while len(seconds) < KILLS and wait_for_steps(run, path, steps(path)):
        time.sleep(0.3 * chance.random())
        if not (found := below("ray::SamplingWorker", run.pid)):
            continue
        chance.choice(found).kill()
        began, before = time.monotonic(), steps(path)
        if wait_for_steps(run, path, before + 1):
            seconds.append(round(time.monotonic() - began, 1))
    said, _ = run.communicate()
    assert run.returncode == 0, said
    print("seconds until two steps more were recorded:", seconds, said.count("drawn again"), "shares drawn again")
    assert len(seconds) >= KILLS // 2
    assert max(seconds) < LIMIT
    assert contents(path) == contents(whole)


def test_a_head_that_is_killed_is_told_and_the_run_resumed(folder: Path) -> None:
    """Its two processes in turn, at random instants, one step ahead: one line within a minute each time, status 75."""
    whole, path = folder / "runs" / "undisturbed-many", folder / "runs" / "head"
    undisturbed = begun(command(folder, whole.name, 1, MANY))
    said, _ = undisturbed.communicate(timeout=600)
    assert undisturbed.returncode == 0, said
    chance, seconds = random.Random(3), []
    told: list[str] = []
    line = command(folder, path.name, 1, MANY)
    while len(seconds) < KILLS:
        run = begun(line)
        if not wait_for_steps(run, path, steps(path)):
            break
        time.sleep(chance.random())
        what = ("gcs_server", "raylet")[len(seconds) % 2]
        below(what, run.pid)[0].send_signal(signal.SIGKILL)
        began = time.monotonic()
        said, _ = run.communicate(timeout=2 * LIMIT)
        seconds.append(round(time.monotonic() - began, 1))
        assert run.returncode == INTERRUPTED, said
        assert "Traceback" not in said
        last = "".join([one for one in said.splitlines() if one.strip()][-3:])
        told.append(next((reason for reason in REASONS if reason in last), ""))
        assert told[-1], said
        line = [sys.executable, "-m", "whet", "resume", str(path)]
    print("seconds until it was told:", seconds, told)
    assert len(seconds) == KILLS
    assert max(seconds) < LIMIT
    end = begun(line)
    said, _ = end.communicate(timeout=300)
    assert end.returncode == 0, said
    assert contents(path) == contents(whole)


def test_ctrl_c_saves_and_ends_everything(folder: Path) -> None:
    """The signal goes to the whole group, as a terminal sends it: Ray's own processes must not take it."""
    path = folder / "runs" / "interrupted"
    run = subprocess.Popen(
        command(folder, path.name, 0), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, process_group=0
    )
    assert wait_for_steps(run, path, 4)
    there = psutil.Process(run.pid).children(recursive=True)
    os.killpg(run.pid, signal.SIGINT)
    said, _ = run.communicate(timeout=LIMIT)
    assert run.returncode == INTERRUPTED, said
    assert "which is saved" in said
    gone, alive = psutil.wait_procs(there, timeout=LIMIT)
    assert gone
    assert not alive
