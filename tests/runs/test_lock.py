"""One owner at a time."""

import errno
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from whet.errors import UserError
from whet.runs.lock import FolderLock, read_owner, refuse_in_use

HOLD = """
import sys, time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
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


def record(folder: Path, **owner: object) -> None:
    (folder / "owner.json").write_text(json.dumps({"since": "2026-01-01T00:00:00+00:00", **owner}))


def ended_process() -> int:
    """The number of a process that is gone."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_a_stale_record_is_no_lock(tmp_path: Path) -> None:
    """Of a dead process, of another machine, and of a number that another living process has by now."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as alive:
        here = socket.gethostname()
        for owner in (
            {"pid": ended_process(), "host": here},
            {"pid": 1, "host": "another-machine"},
            {"pid": alive.pid, "host": here},
        ):
            (tmp_path / ".lock").touch()
            record(tmp_path, **owner)
            refuse_in_use(tmp_path)
            assert read_owner(tmp_path) == {"since": "2026-01-01T00:00:00+00:00", **owner}, "looking takes nothing over"
            with FolderLock(tmp_path):
                taken = read_owner(tmp_path)
                assert taken is not None
                assert (taken["pid"], taken["host"]) == (os.getpid(), here)
        alive.communicate(b"\n")


def test_looking_whether_a_folder_is_in_use(tmp_path: Path) -> None:
    refuse_in_use(tmp_path)
    assert list(tmp_path.iterdir()) == []
    process = other_process(tmp_path)
    try:
        with pytest.raises(UserError, match=f"in use by process {process.pid}"):
            refuse_in_use(tmp_path)
    finally:
        process.kill()
        process.wait()
    with FolderLock(tmp_path):
        with pytest.raises(UserError, match=f"in use by process {os.getpid()}"):
            refuse_in_use(tmp_path)
        take = "import sys, pathlib, whet.runs.lock as l; l.FolderLock(pathlib.Path(sys.argv[1]))"
        done = subprocess.run([sys.executable, "-c", take, str(tmp_path)], capture_output=True, text=True, check=False)
        assert "in use by process" in done.stderr, "looking does not let go of our own lock"


FORK = """
import os, sys, time
from pathlib import Path
from whet.runs.lock import FolderLock
lock = FolderLock(Path(sys.argv[1]))
if os.fork() == 0:
    print(os.getpid(), flush=True)  # by the child: what a fork does with locks it has done by then
time.sleep(60)
"""


def test_a_child_that_outlives_its_killed_parent_does_not_keep_the_lock(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", FORK, str(tmp_path)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        with pytest.raises(UserError, match=f"in use by process {parent.pid}"):
            FolderLock(tmp_path)
        parent.kill()
        parent.wait()
        os.kill(child, 0)  # it lives
        try:
            FolderLock(tmp_path).release()
        finally:
            os.kill(child, signal.SIGKILL)


CONTEND = """
import os, re, sys, time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from whet.errors import UserError
from whet.runs.lock import FolderLock
folder, log = Path(sys.argv[1]), Path(sys.argv[2])
print("ready", flush=True)
input()
won = 0
until = time.monotonic() + 20
while won < 5 and time.monotonic() < until:
    try:
        with FolderLock(folder), log.open("a") as file:
            file.write(f"begin {os.getpid()}\\n"); file.flush()
            time.sleep(0.003)
            file.write(f"end {os.getpid()}\\n"); file.flush()
        won += 1
    except UserError as refusal:
        named = re.search(r"in use by process (\\d+|\\?) on ", str(refusal))
        assert named and named[1] != str(os.getpid()), refusal
    time.sleep(0.002)
print("done", won, flush=True)
"""


def test_processes_that_contend_for_a_folder_have_it_one_after_another(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CONTEND, str(tmp_path), str(tmp_path / "log")]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, **pipes) for _ in range(4)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate(timeout=60) for process in processes]
    assert [out for out, _ in said] == ["done 5\n"] * 4, said
    lines = (tmp_path / "log").read_text().splitlines()
    assert len(lines) == 2 * 4 * 5
    for begin, end in zip(lines[::2], lines[1::2], strict=True):
        assert begin.replace("begin", "end") == end


@pytest.fixture
def sealed(tmp_path: Path) -> Iterator[Path]:
    """A folder that this process cannot write to, whoever it belongs to."""
    folder = tmp_path / "sealed"
    folder.mkdir(mode=0o555)
    yield folder if not os.access(folder, os.W_OK) else Path("/proc/self")
    folder.chmod(0o755)


@pytest.mark.skipif(not Path("/proc/self").exists() and os.geteuid() == 0, reason="root writes anywhere here")
def test_a_folder_that_cannot_be_written_is_named(sealed: Path) -> None:
    with pytest.raises(
        UserError, match=rf"run\.folder: {sealed} cannot be written \(.*\); name a run.folder on a disk"
    ):
        FolderLock(sealed)


@pytest.mark.parametrize(
    ("number", "said"), [(errno.ENOLCK, "No locks available"), (errno.EOPNOTSUPP, "not supported")]
)
def test_a_disk_without_locks_is_no_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, said: str
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(UserError, match=rf"run\.folder: .*cannot be written \(.*{said}\)"):
        FolderLock(tmp_path)


def test_an_owner_that_cannot_sign_gives_the_folder_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("whet.runs.lock.write_bytes", full)
        with pytest.raises(UserError, match="No space left on device"):
            FolderLock(tmp_path)
    FolderLock(tmp_path).release()
