"""One owner at a time."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from whet.errors import UserError
from whet.runs.lock import FolderLock, read_owner

HOLD = """
import sys, time
from pathlib import Path
from whet.runs.lock import FolderLock
lock = FolderLock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


def other_process(folder: Path) -> "subprocess.Popen[str]":
    """A process that owns `folder`."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_folder_in_use_names_its_owner_and_a_killed_one_leaves_no_lock(tmp_path: Path) -> None:
    process = other_process(tmp_path)
    try:
        with pytest.raises(UserError, match=rf"in use by process {process.pid} on {socket.gethostname()}"):
            FolderLock(tmp_path)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    with FolderLock(tmp_path):
        owner = read_owner(tmp_path)
        assert owner is not None
        assert owner["pid"] == os.getpid()


def test_one_process_cannot_own_a_folder_twice(tmp_path: Path) -> None:
    with FolderLock(tmp_path), pytest.raises(UserError, match=f"process {os.getpid()}"):
        FolderLock(tmp_path / ".." / tmp_path.name)
    FolderLock(tmp_path).release()


def test_release_leaves_no_owner_and_can_be_repeated(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path)
    lock.release()
    assert read_owner(tmp_path) is None
    successor = FolderLock(tmp_path)
    lock.release()
    assert read_owner(tmp_path) is not None
    successor.release()


def test_reading_the_owner_does_not_let_go_of_the_lock(tmp_path: Path) -> None:
    take = "import sys, pathlib, whet.runs.lock as l; l.FolderLock(pathlib.Path(sys.argv[1]))"
    with FolderLock(tmp_path):
        read_owner(tmp_path)
        done = subprocess.run([sys.executable, "-c", take, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "in use by process" in done.stderr


@pytest.mark.parametrize("text", ["{", "[]", ""])
def test_an_unreadable_record_is_nobody(tmp_path: Path, text: str) -> None:
    (tmp_path / "owner.json").write_text(text)
    assert read_owner(tmp_path) is None
    with FolderLock(tmp_path):
        assert json.loads((tmp_path / "owner.json").read_text())["pid"] == os.getpid()
