"""Starting the processes of a run."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from processes import is_alive, soon
from whet.compute import launch as launching
from whet.compute.launch import LAUNCHER, end_with_launcher, launch, threads


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for `python -m whet`: runs the statements that it is given, with its number as `rank`."""
    package = tmp_path / "whet"
    package.mkdir()
    real = Path(launching.__file__).parents[1]
    (package / "__init__.py").write_text(f"__path__.append({str(real)!r})\n")  # all but `__main__` is Whet's
    head = "import os, signal, sys, time\nfrom pathlib import Path\nrank = int(os.environ['RANK'])\nexec(sys.argv[1])\n"
    (package / "__main__.py").write_text(head)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_process_is_told_which_it_is(program: Path) -> None:
    names = "'WORLD_SIZE', 'LOCAL_RANK', 'LOCAL_WORLD_SIZE', 'MASTER_ADDR'"
    assert (
        launch([f"Path(f'told-{{rank}}').write_text(' '.join(os.environ[name] for name in ({names})))"], 2, print) == 0
    )
    assert (program / "told-0").read_text() == "2 0 2 127.0.0.1"
    assert (program / "told-1").read_text() == "2 1 2 127.0.0.1"


def test_cores_are_shared(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    assert launch(["Path(f'threads-{rank}').write_text(os.environ['OMP_NUM_THREADS'])"], 2, print) == 0
    assert [(program / f"threads-{rank}").read_text() for rank in range(2)] == ["4", "4"]
    assert threads(0) == "1"
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert threads(8) == "3"


def test_a_failure_is_the_status_of_all(program: Path) -> None:
    assert launch(["sys.exit(2 if rank else 0)"], 2, print) == 2


def test_a_killed_process_is_named_and_the_run_can_be_resumed(program: Path) -> None:
    said: list[str] = []
    assert launch(["os.kill(os.getpid(), signal.SIGKILL) if rank else sys.exit(75)"], 2, said.append) == 75
    assert said == ["process 1 of 2 was ended by SIGKILL"]


def test_who_hangs_after_a_failure_is_killed(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launching, "GRACE", 0.2)
    assert launch(["sys.exit(1) if rank else time.sleep(600)"], 2, print) == 1


def test_a_signal_reaches_every_process_once(program: Path) -> None:
    hears = textwrap.dedent(
        """
        heard = []
        signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
        Path(f'ready-{rank}').touch()
        while not heard: time.sleep(0.01)
        time.sleep(0.3)
        Path(f'heard-{rank}').write_text(str(len(heard)))
        sys.exit(75)
        """
    )
    source = Path(launching.__file__)
    call = f"import runpy, sys; sys.exit(runpy.run_path({str(source)!r})['launch']([{hears!r}], 2, print))"
    launcher = subprocess.Popen([sys.executable, "-c", call])
    assert soon(lambda: all((program / f"ready-{rank}").exists() for rank in range(2)), 20)
    launcher.send_signal(signal.SIGTERM)
    assert launcher.wait(20) == 75
    assert [(program / f"heard-{rank}").read_text() for rank in range(2)] == ["1", "1"]


def test_processes_do_not_outlive_their_launcher(program: Path) -> None:
    """A launcher that is killed cannot pass anything on: its processes notice."""
    source = str(Path(launching.__file__))
    waits = (
        f"import runpy; runpy.run_path({source!r})['end_with_launcher'](0.05)\n"
        "Path(f'pid-{rank}.part').write_text(str(os.getpid())); os.rename(f'pid-{rank}.part', f'pid-{rank}')\n"
        "time.sleep(600)"
    )
    call = f"import runpy; runpy.run_path({source!r})['launch']([{waits!r}], 2, print)"
    launcher = subprocess.Popen([sys.executable, "-c", call])
    files = [program / f"pid-{rank}" for rank in range(2)]
    assert soon(lambda: all(file.exists() for file in files), 20)
    pids = [int(file.read_text()) for file in files]
    launcher.kill()
    launcher.wait()
    assert soon(lambda: not any(map(is_alive, pids)), 20)


def test_without_a_launcher_nothing_is_watched() -> None:
    before = time.thread_time()
    end_with_launcher(0.0, {})
    end_with_launcher(0.0, {LAUNCHER: "1"})  # somebody else's
    assert time.thread_time() - before < 1


def test_a_launcher_that_was_gone_before_the_process_looked(program: Path) -> None:
    """As when a sweep is killed while a trial that it has just started still imports."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    call = (
        f"import runpy, time; runpy.run_path({str(Path(launching.__file__))!r})['end_with_launcher'](); time.sleep(60)"
    )
    orphan = subprocess.Popen([sys.executable, "-c", call], env={**os.environ, LAUNCHER: str(gone.pid)})
    assert orphan.wait(30) == -signal.SIGTERM
