"""Starting the processes of a run on a cluster: what is asked for, and what the end of the program means."""

import os
import pty
import signal
import sys
import termios
from pathlib import Path

import pytest

from whet.cluster import start_ranks
from whet.cluster.rank_places import RanksRequest
from whet.cluster.start_ranks import launch_on_cluster, requested
from whet.config import ComputeConfig
from whet.errors import UserError

COMPUTE = ComputeConfig.model_validate({"processes": 4, "ray": {"address": "gpu-7:6379", "cpus": 8, "gpus": 1}})


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for the program: does the statements that it is given as the arguments of `whet`."""
    (tmp_path / "stand_in_program.py").write_text("import os, sys, time, signal\nexec(sys.argv[2])\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(start_ranks, "PROGRAM", "stand_in_program")
    monkeypatch.setattr(start_ranks, "find_spec", lambda name: True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _ended(statements: str) -> tuple[int, list[str]]:
    said: list[str] = []
    return launch_on_cluster([statements], COMPUTE, Path("runs"), said.append), said


def test_the_folder_to_be_seen_is_the_first_that_is_there(tmp_path: Path) -> None:
    wanted = RanksRequest("gpu-7:6379", 4, 8, 1, str(tmp_path))
    assert requested(COMPUTE, tmp_path / "runs" / "mine") == wanted
    assert requested(COMPUTE, tmp_path) == wanted


def test_the_width_of_the_terminal_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 81))
    there = os.get_terminal_size
    monkeypatch.setattr(os, "get_terminal_size", lambda stream: there(theirs if stream == 1 else stream))
    assert requested(COMPUTE, tmp_path).columns == 81
    os.close(ours)
    os.close(theirs)


@pytest.mark.parametrize(("status", "meant"), [(100, 0), (102, 2), (175, 75)])
def test_it_ends_as_the_processes_there(program: Path, status: int, meant: int) -> None:
    assert _ended(f"assert 'gpu-7:6379' in sys.argv[1]; sys.exit({status})") == (meant, [])


def test_another_end_is_rays_and_can_be_resumed(program: Path) -> None:
    for how, statement in (("ended with status 1", "sys.exit(1)"), ("was ended by SIGKILL", "os.kill(os.getpid(), 9)")):
        again = "once a cluster is there again, resume the run"
        assert _ended(statement) == (75, [f"Ray has ended on this machine (its process here {how}): {again}"])


def test_a_signal_is_passed_on(program: Path) -> None:
    """Sent until it comes: the program may be quicker than who started it, and is then not listened to yet."""
    statements = "signal.signal(2, lambda *_: sys.exit(175))\nwhile True: os.kill(os.getppid(), 2); time.sleep(0.2)"
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        harmless = signal.getsignal(signal.SIGINT)
        assert _ended(statements) == (75, [])
        assert signal.getsignal(signal.SIGINT) == harmless
    finally:
        signal.signal(signal.SIGINT, before)


def test_without_ray_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(
        UserError, match=r"^compute\.ray: needs Ray; install it by `pip install 'whet\[ray\]'`, or leave"
    ):
        _ended("")
