"""R6: a first signal lets the step end, saves, and exits with 75; a second one is out at once."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crashes import contents
from forked import ForkedWhet
from whet.api import resume, train
from whet.compute.checkpoint import checkpoints, what_is_wrong
from whet.runs.reader import RunReader
from whet.runs.views.view import PlainView
from wiring import shrunk, words, write_rewards

WHET = [sys.executable, "-c", "from whet.cli.main import main; main()"]
SLOW = '''
import pathlib
import time


def slow(completions, trainer_state, **kwargs):
    """The first two steps are quick; then each waits until it may go on."""
    here = pathlib.Path(__file__).parent
    if trainer_state.global_step == 2:
        (here / "in-step-2").touch()
    while trainer_state.global_step >= 2 and not (here / "go-on").exists():
        time.sleep(0.01)
    texts = [completion[0]["content"] for completion in completions]
    return [sum(letter in "0123456789" for letter in text) / max(len(text), 1) for text in texts]
'''

Process = ForkedWhet | subprocess.Popen[str]
Launch = Callable[[list[str]], Process]
Start = Callable[[dict[str, Any]], Process]


def _interpreted(arguments: list[str]) -> Process:
    """A command line in an interpreter of its own, which takes seconds to import what it needs."""
    environment, pipe = {**os.environ, "OMP_NUM_THREADS": "1"}, subprocess.PIPE
    return subprocess.Popen([*WHET, *arguments], stdout=pipe, stderr=pipe, text=True, env=environment)


@pytest.fixture(params=["forked", pytest.param("interpreted", marks=pytest.mark.slow)])
def launch(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Launch]:
    """Runs a command line in another process, which ends with the test."""
    launched: list[Process] = []

    def run(arguments: list[str]) -> Process:
        process = ForkedWhet(arguments, tmp_path) if request.param == "forked" else _interpreted(arguments)
        launched.append(process)
        return process

    yield run
    for process in launched:
        process.kill()
        process.communicate()


@pytest.fixture
def start(launch: Launch, tiny_folder: Path, tmp_path: Path) -> Start:
    """Starts a run whose third step does not end before there is a file `go-on`, and waits until it is in that."""

    def begin(changes: dict[str, Any]) -> Process:
        (tmp_path / "slow.py").write_text(SLOW, encoding="utf-8")
        wanted = {"rewards": f"[{tmp_path / 'slow.py'}:slow]", "sft.when": "never", "run.name": "it", **changes}
        process = launch(["train", "quickstart", *words(tiny_folder, tmp_path, wanted)])
        until = time.monotonic() + 120
        while not (tmp_path / "in-step-2").exists() and process.poll() is None:
            assert time.monotonic() < until
            time.sleep(0.02)
        return process

    return begin


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_once_the_step_ends_and_is_saved(
    start: Start, tiny_folder: Path, tmp_path: Path, number: signal.Signals
) -> None:
    process = start({"grpo.steps": 4})
    process.send_signal(number)
    (tmp_path / "go-on").touch()
    out, err = process.communicate(timeout=120)
    assert process.returncode == 75, out + err
    run = tmp_path / "it"
    (saved,) = checkpoints(run / "checkpoints")
    assert not what_is_wrong(saved)
    done = len(RunReader(run).metrics())
    assert saved.name == f"step-{done}"
    assert f"stopped after step {done} of 4, which is saved; `whet resume {run}` goes on" in out
    assert err == f"whet: stopped after step {done} of 4, which is saved\n"
    assert "Traceback" not in out
    assert not (run / "owner.json").exists()
    resume(run, view=PlainView(lambda line: None))
    changes = {"rewards": [f"{tmp_path / 'slow.py'}:slow"], "sft.when": "never", "run.name": "it", "grpo.steps": 4}
    whole = train(shrunk(tiny_folder, tmp_path / "whole", changes), view=PlainView(lambda line: None)).path
    assert contents(run) == contents(whole)


def test_twice_it_is_out_at_once(start: Start, tmp_path: Path) -> None:
    process = start({"grpo.steps": 4})
    process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    assert process.poll() is None, "the step under way may take its time"
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 75
    print(f"out after {time.monotonic() - began:.2f} s")
    assert [line["step"] for line in RunReader(tmp_path / "it").metrics()] == [0, 1]


def test_during_the_check_it_is_out_after_one(
    launch: Launch, tiny_folder: Path, tmp_path: Path, rewards_that_wait: Path
) -> None:
    """There is nothing to save yet; going on begins anew."""
    changes = {"rewards": f"[{rewards_that_wait}:wait]", "run.name": "it"}
    process = launch(["train", "quickstart", *words(tiny_folder, tmp_path, changes)])
    until = time.monotonic() + 120
    while not (rewards_that_wait.parent / "waiting").exists() and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 75, out + err
    assert "`whet resume" in out
    assert err == "whet: interrupted\n"


@pytest.fixture
def rewards_that_wait(tmp_path: Path) -> Path:
    path = write_rewards(tmp_path).with_name("waits.py")
    path.write_text(
        "import pathlib, time\n\n\ndef wait(completions, **kwargs):\n"
        f"    pathlib.Path({str(tmp_path / 'waiting')!r}).touch()\n    time.sleep(600)\n",
        encoding="utf-8",
    )
    return path
