"""A process held from outside."""

import os
import sys
import time
from tempfile import TemporaryFile

import psutil
import pytest

from whet.sandbox.process import Started, read_all_by, read_by

ASLEEP = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "


def python(script: str) -> list[str]:
    return [sys.executable, "-S", "-c", script]


def soon(seconds: float = 10.0) -> float:
    return time.monotonic() + seconds


def test_everything_that_it_started_ends_with_the_block() -> None:
    with Started(python(ASLEEP + "print('x', file=sys.stderr, flush=True); time.sleep(60)"), []):
        for _ in range(200):
            if len(family := psutil.Process().children(recursive=True)) == 2:
                break
            time.sleep(0.05)
        assert len(family) == 2
    psutil.wait_procs(family, timeout=5)
    assert not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in family)


def test_what_it_prints_and_complains_of() -> None:
    with TemporaryFile() as given:
        given.write(b"3")
        given.seek(0)
        script = "import sys; print(sys.stdin.read() * 2); print('oh', file=sys.stderr)"
        with Started(python(script), [], given) as started:
            assert read_all_by(started.stdout, soon(), 1000) == b"33\n"
            assert started.ended_well(soon())
    assert started.complaint == "oh\n"


@pytest.mark.parametrize(("script", "well"), [("", True), ("exit(1)", False), ("import time; time.sleep(60)", False)])
def test_how_it_ended(script: str, well: bool) -> None:
    with Started(python(script), []) as started:
        assert started.ended_well(soon(0.3 if "sleep" in script else 10)) is well


def test_it_inherits_what_it_is_given_and_nothing_else() -> None:
    reads, writes = os.pipe()
    other, _ = os.pipe()
    os.set_inheritable(other, True)
    script = (
        f"import os; os.write({writes}, str([n for n in range(3, 200) if os.path.exists(f'/dev/fd/{{n}}')]).encode())"
    )
    with Started(python(script), [writes]):
        said = read_by(reads, soon())
    for descriptor in (reads, writes, other, _):
        os.close(descriptor)
    assert str(writes).encode() in said
    assert f" {other}".encode() not in said.replace(b"[", b" ")


def test_nothing_comes_in_time() -> None:
    reads, writes = os.pipe()
    began = time.monotonic()
    assert read_by(reads, soon(0.1)) == b""
    assert 0.05 < time.monotonic() - began < 5
    os.write(writes, b"x" * 300)
    assert read_by(reads, soon(-1)) == b""
    assert read_by(reads, soon()) == b"x" * 300
    os.close(writes)
    assert read_by(reads, soon()) == b""
    os.close(reads)


def test_reading_ends_at_the_most() -> None:
    reads, writes = os.pipe()
    os.write(writes, b"x" * 5000)
    assert read_all_by(reads, soon(0.2), 10_000) == b"x" * 5000
    os.write(writes, b"x" * 5000)
    assert len(read_all_by(reads, soon(), 4000)) == 5000
    os.close(reads)
    os.close(writes)
