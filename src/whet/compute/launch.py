"""Starts the processes of a run on this machine, as torchrun would, and waits for them.

torchrun's own launcher kills processes half a minute after a signal; a run that is stopped may take longer for the step
in hand, which it then saves. So the processes are started here: signals are passed on once, and no time limit is set
unless one of them has failed.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

GRACE = 45.0
"""Seconds for the others to end by themselves once one has failed."""

INTERRUPTED = 75
"""The exit status of a run that can be resumed."""

LAUNCHER = "WHET_LAUNCHER"
"""The environment variable with the launcher's process id: its processes do not outlive it."""


def launch(arguments: Sequence[str], count: int, log: Callable[[str], object], every: float = 0.1) -> int:
    """Runs `whet` with these arguments in `count` processes that share the work; returns the exit status.

    That is the first one that failed; 75, to be resumed, where one was killed. `log` is told who was.
    """
    port = _free_port()
    started = [
        # a session of its own: Ctrl-C reaches the launcher alone, which passes it on
        subprocess.Popen(
            [sys.executable, "-m", "whet", *arguments],
            env={**os.environ, **variables(number, count, port)},
            start_new_session=True,
        )
        for number in range(count)
    ]
    with _passing_on(started):
        _wait(started, every)
    for number, one in enumerate(started):
        if one.returncode < 0:
            name = signal.Signals(-one.returncode).name
            log(f"process {number} of {count} was ended by {name}")
    return _status([one.returncode for one in started])


def variables(number: int, count: int, port: int) -> dict[str, str]:
    """Returns what torchrun sets in the environment of process `number` of `count` on one machine."""
    threads = max(1, len(cores()) // count)
    return {
        "RANK": str(number),
        "LOCAL_RANK": str(number),
        "WORLD_SIZE": str(count),
        "LOCAL_WORLD_SIZE": str(count),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", str(threads)),
        LAUNCHER: str(os.getpid()),
    }


def end_with_launcher(every: float = 1.0, environment: Mapping[str, str] = os.environ) -> None:
    """Has this process stopped, as by SIGTERM, once the launcher that started it is gone; without one does nothing.

    Nor does it where the launcher runs and is not this process's parent: the variable is then that of an ancestor.
    """
    launcher = environment.get(LAUNCHER)
    if launcher is None or (os.getppid() != int(launcher) and _runs(int(launcher))):
        return

    def watch() -> None:
        while os.getppid() == int(launcher):
            time.sleep(every)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def _runs(pid: int) -> bool:
    import psutil

    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def cores() -> Sequence[int]:
    """Returns the numbers of the cores that this process may run on."""
    affinity = getattr(os, "sched_getaffinity", None)
    return list(affinity(0)) if affinity else list(range(os.cpu_count() or 1))


def _free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return int(opened.getsockname()[1])


@contextmanager
def _passing_on(started: Sequence["subprocess.Popen[bytes]"]) -> Iterator[None]:
    """In the block signals go to every process; a signal that is ignored stays ignored."""

    def pass_on(number: int, frame: object) -> None:
        for one in started:
            if one.poll() is None:
                one.send_signal(number)

    heard = [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    handlers = {number: signal.signal(number, pass_on) for number in heard}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _wait(started: Sequence["subprocess.Popen[bytes]"], every: float) -> None:
    """Waits until all have ended; once one has failed, for `GRACE` seconds more, then they are killed."""
    deadline = float("inf")
    while running := [one for one in started if one.poll() is None]:
        if deadline == float("inf") and any(one.returncode for one in started):
            deadline = time.monotonic() + GRACE
        if time.monotonic() > deadline:
            for one in running:
                one.kill()
        time.sleep(every)


def _status(codes: Sequence[int]) -> int:
    """The exit status of all together.

    >>> _status([0, 0]), _status([2, 2]), _status([75, -9]), _status([-9, 75])
    (0, 2, 75, 75)
    """
    failed = [code for code in codes if code]
    return 0 if not failed else next((code for code in failed if code > 0), INTERRUPTED)
