"""The process of a trial: looked at, stopped, and what it said."""

from pathlib import Path

import pytest

from processes import is_alive, soon
from whet.runs.lock import FolderLock
from whet.sweep import run_trial
from whet.sweep.trial_places import Place

HERE = Place()

PROGRAM = """
import os, signal, sys, time
from pathlib import Path
Path("asked").write_text(repr(sys.argv[1:]))
do = os.environ["DO"]
if do == "fail":
    print("a warning", file=sys.stderr)
    print("whet: grpo.steps: is 0" + os.environ.get("FAULT", "").replace("trial", ", trial"), file=sys.stderr)
    sys.exit(2)
if do == "wait":
    heard = []
    signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    Path("pid").write_text(str(os.getpid()))
    while not heard:
        time.sleep(0.05)
    time.sleep(0.5)
    Path("signals").write_text(" ".join(str(int(number)) for number in heard))
    sys.exit(75)
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
    monkeypatch.chdir(tmp_path)


def _ended(running: run_trial.Running) -> run_trial.Ended:
    assert soon(lambda: running.poll() is not None, 30)
    ended = running.poll()  # asked once more, it says the same
    assert ended
    return ended


def test_a_trial_gets_its_values(tmp_path: Path) -> None:
    values = {"grpo.optimizer.learning_rate": 2.5e-05, "format": "boxed"}
    ended = _ended(run_trial.train(tmp_path, tmp_path / "trial-004", tmp_path / "recipe.yaml", values, HERE))
    assert (ended.status, ended.said) == (0, "")
    assert eval(Path("asked").read_text()) == [
        *("train", str(tmp_path / "recipe.yaml"), f"--run.folder={tmp_path}", "--run.name=trial-004"),
        *("--grpo.optimizer.learning_rate=2.5e-05", "--format=boxed"),
    ]


def test_a_trial_gets_the_variables_of_its_place(tmp_path: Path) -> None:
    variables = {"DO": "fail", "CUDA_VISIBLE_DEVICES": "3"}
    ended = _ended(run_trial.resume(tmp_path / "trial-000", Place(variables)))
    assert (ended.status, ended.said) == (2, "grpo.steps: is 0")
    assert eval(Path("asked").read_text()) == ["resume", str(tmp_path / "trial-000")]


def test_what_each_of_two_failed_trials_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DO", "fail")
    both = [run_trial.resume(tmp_path / name, Place({"FAULT": name})) for name in ("trial-000", "trial-001")]
    assert [_ended(one).said for one in both] == ["grpo.steps: is 0, trial-000", "grpo.steps: is 0, trial-001"]


def test_an_interrupted_trial_ends_and_is_interrupted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program notes each SIGINT: a second one would break off the step that it saves."""
    monkeypatch.setenv("DO", "wait")
    running = run_trial.resume(tmp_path / "trial-000", HERE)
    assert soon(Path("pid").exists, 30)
    assert running.poll() is None
    running.interrupt()
    running.interrupt()
    running.wait()
    assert running.poll() == run_trial.Ended(75, "")
    assert Path("signals").read_text() == "2"
    assert not is_alive(int(Path("pid").read_text()))


def test_a_folder_that_a_process_writes_to_is_in_use(tmp_path: Path) -> None:
    folder = tmp_path / "trial-000"
    folder.mkdir()
    assert not run_trial.is_in_use(folder)
    with FolderLock(folder):
        assert run_trial.is_in_use(folder)
    assert not run_trial.is_in_use(folder)
