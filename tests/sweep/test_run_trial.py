"""The process of a trial: watched, stopped, and never left behind."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from processes import is_alive, soon
from whet.runs.lock import FolderLock
from whet.sweep import run_trial

PROGRAM = """
import os, signal, sys, time
from pathlib import Path
Path("asked").write_text(repr(sys.argv[1:]))
do = os.environ["DO"]
if do == "fail":
    print("a warning", file=sys.stderr)
    print("whet: grpo.steps: is 0", file=sys.stderr)
    sys.exit(2)
if do == "wait":
    signal.signal(signal.SIGINT, lambda *_: sys.exit(75))
    Path("pid").write_text(str(os.getpid()))
    time.sleep(60)
"""


@pytest.fixture(autouse=True)
def _program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for `python -m whet`."""
    package = tmp_path / "whet"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(PROGRAM)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("DO", "end")
    monkeypatch.setattr(run_trial, "EVERY", 0.02)
    monkeypatch.chdir(tmp_path)


def _never() -> bool:
    return False


def test_a_trial_gets_its_values(tmp_path: Path) -> None:
    values = {"grpo.optimizer.learning_rate": 2.5e-05, "format": "boxed"}
    ended = run_trial.train(tmp_path, tmp_path / "trial-004", tmp_path / "recipe.yaml", values, _never)
    assert (ended.status, ended.said) == (0, "")
    assert eval(Path("asked").read_text()) == [
        *("train", str(tmp_path / "recipe.yaml"), f"--run.folder={tmp_path}", "--run.name=trial-004"),
        *("--grpo.optimizer.learning_rate=2.5e-05", "--format=boxed"),
    ]


def test_what_a_failed_trial_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DO", "fail")
    ended = run_trial.train(tmp_path, tmp_path / "trial-000", tmp_path / "recipe.yaml", {}, _never)
    assert (ended.status, ended.said) == (2, "grpo.steps: is 0")


def test_a_hopeless_trial_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DO", "wait")
    began = time.monotonic()
    ended = run_trial.resume(tmp_path, tmp_path / "trial-000", lambda: Path("pid").exists())
    assert ended.status == 75
    assert time.monotonic() - began < 30


def test_an_interrupted_sweep_stops_its_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DO", "wait")

    def interrupt() -> bool:
        if Path("pid").exists():
            raise KeyboardInterrupt
        return False

    with pytest.raises(KeyboardInterrupt):
        run_trial.resume(tmp_path, tmp_path / "trial-000", interrupt)
    assert not is_alive(int(Path("pid").read_text()))


def test_a_trial_that_still_runs_is_waited_for(tmp_path: Path) -> None:
    """The sweep was killed; its trial is about to notice."""
    folder = tmp_path / "trial-000"
    folder.mkdir()
    holds = f"import sys, time; sys.path.insert(0, {str(Path(run_trial.__file__).parents[2])!r})\n"
    holds += f"from pathlib import Path; from whet.runs.lock import FolderLock; held = Path({str(folder)!r})\n"
    holds += "lock = FolderLock(held); time.sleep(1)"
    other = subprocess.Popen([sys.executable, "-c", holds], env={**os.environ, "PYTHONPATH": ""})
    assert soon(lambda: (folder / "owner.json").exists(), 20)
    run_trial.resume(tmp_path, folder, _never)
    assert other.wait(10) == 0
    FolderLock(folder).release()
