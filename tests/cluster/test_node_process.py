"""What an actor on a node does: sees files of other machines, starts a process in a folder, tells how it goes."""

import signal
import socket
from pathlib import Path

import psutil
import pytest

from processes import soon
from stand_in_ray_package import installed
from whet.cluster import node_process
from whet.cluster.node_process import ANSWER, Looked, NodeProcess, Stream, Whereabouts, interface_of, seen
from whet.cluster.ray_name import own_name


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(node_process, "PATIENCE", 0.2)
    monkeypatch.chdir(tmp_path)


def _program(folder: Path, body: str) -> dict[str, str]:
    """A stand-in for `python -m whet`, and the variables with which it is found."""
    package = folder / "whet"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(f"import os, sys, time\nfrom pathlib import Path\n{body}")
    return {"WANTED": "yes", "PYTHONPATH": str(folder)}


def test_it_tells_where_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch).gpus = ["3"]
    loopback = next(name for name, found in psutil.net_if_addrs().items() if "127.0.0.1" in [a.address for a in found])
    assert NodeProcess().whereabouts() == Whereabouts(own_name(), "n1", "127.0.0.1", loopback, ("3",))
    assert interface_of("203.0.113.9") == ""


def test_nobody_listens_at_its_port() -> None:
    with socket.socket() as opened:
        opened.bind(("", NodeProcess().free_port()))


def test_a_file_that_is_there_is_answered(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    assert not NodeProcess().sees(str(asked))
    assert list(tmp_path.iterdir()) == []
    asked.touch()
    assert NodeProcess().sees(str(asked))
    assert seen(tmp_path / f"asked{ANSWER}")


def test_a_process_is_started_in_the_folder_and_interrupted(tmp_path: Path) -> None:
    variables = _program(
        tmp_path,
        "Path('asked').write_text(os.environ['WANTED'] + ' ' + ' '.join(sys.argv[1:]))\n"
        "try:\n"
        "    time.sleep(60)\n"
        "except KeyboardInterrupt:\n"
        "    sys.exit(75)\n",
    )
    process = NodeProcess()
    assert process.enter(str(tmp_path))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # as in Ray's processes
    process.start(["train", "x"], variables)
    assert signal.SIGINT in signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    assert soon(lambda: (tmp_path / "asked").exists() and (tmp_path / "asked").read_text() == "yes train x", 30)
    assert process.poll() == Looked(None, b"", b"")
    process.interrupt()
    assert soon(lambda: process.poll().status == 75, 30)


def test_a_signal_that_ends_it_is_told(tmp_path: Path) -> None:
    process = NodeProcess()
    process.start([], _program(tmp_path, "time.sleep(60)"))
    process.send_signal(signal.SIGKILL)
    assert soon(lambda: process.poll().status == -signal.SIGKILL, 30)


def test_what_it_says_is_told_once_and_before_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_process, "MOST", 4)
    process = NodeProcess()
    process.start([], _program(tmp_path, "print('123456', flush=True)\nprint('oh', file=sys.stderr)\nsys.exit(3)"))
    process._process.wait(30)
    assert [process.poll() for _ in range(3)] == [
        Looked(None, b"1234", b"oh\n"),
        Looked(3, b"56\n", b""),
        Looked(3, b"", b""),
    ]


def test_output_that_nobody_wants_is_thrown_away(tmp_path: Path) -> None:
    process = NodeProcess()
    body = "Path('out').write_text(os.readlink('/proc/self/fd/1'))\nprint('much')\nprint('oh', file=sys.stderr)"
    process.start([], _program(tmp_path, body), keep_output=False)
    process._process.wait(30)
    assert process.poll() == Looked(0, b"", b"oh\n")
    assert (tmp_path / "out").read_text() == "/dev/null"


def test_a_file_of_the_folder_does_not_run_in_its_place(tmp_path: Path) -> None:
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "whet.py").write_text("print('not Whet')")
    process = NodeProcess()
    assert process.enter(str(tmp_path / "beside"))
    process.start([], _program(tmp_path, "print('Whet')"))
    process._process.wait(30)
    assert process.poll() == Looked(0, b"Whet\n", b"")


def test_a_stream_is_read_beside_who_writes_to_it() -> None:
    stream = Stream()
    stream.file.write(b"one")
    stream.file.flush()
    assert stream.more() == b"one"
    stream.file.write(b" two")
    stream.file.flush()
    assert (stream.more(), stream.more()) == (b" two", b"")


def test_a_folder_that_is_not_there_is_not_entered() -> None:
    assert not NodeProcess().enter("/nowhere/x")
