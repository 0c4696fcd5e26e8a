"""A process held from outside."""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psutil

from offspring import offspring
from whet.sandbox.process import Started, read_all_by, read_by

FAMILY = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
time.sleep(60)
"""


@contextmanager
def started(script: str, descriptors: Sequence[int] = ()) -> Iterator[Started]:
    process = Started([sys.executable, "-S", "-c", script], descriptors)
    try:
        yield process
    finally:
        process.close()


def soon(seconds: float = 10.0) -> float:
    return time.monotonic() + seconds


def test_everything_that_it_started_ends_with_it() -> None:
    with started(FAMILY):
        for _ in range(200):
            if len(family := offspring(recursive=True)) == 2:
                break
            time.sleep(0.05)
        assert len(family) == 2
    _, alive = psutil.wait_procs(family, timeout=5)
    assert not [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]


def test_what_it_complains_of_is_known_also_when_it_is_over() -> None:
    with started("import sys; print('oh', file=sys.stderr, flush=True); print('no'); sys.stdin.read()") as process:
        deadline = soon()
        while not (said := process.complaint()) and time.monotonic() < deadline:
            pass
    assert said == process.complaint() == "oh\n"


def test_it_inherits_what_it_is_given_and_nothing_else() -> None:
    reads, writes = os.pipe()
    other = os.dup(reads)
    os.set_inheritable(other, True)
    script = (
        f"import os; os.write({writes}, str([os.path.exists(f'/dev/fd/{{n}}') for n in {(writes, other)}]).encode())"
    )
    with started(script, [writes]):
        said = read_by(reads, soon())
    for descriptor in (reads, writes, other):
        os.close(descriptor)
    assert said == b"[True, False]"


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
