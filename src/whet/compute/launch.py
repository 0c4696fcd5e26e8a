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
from typing import Protocol

from whet.errors import INTERRUPTED

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What asks a run to stop: Ctrl-C, a scheduler that wants the machine back, and a terminal that is gone."""

GRACE = 45.0
"""Seconds for the others to end by themselves once one has failed."""

LAUNCHER = "WHET_LAUNCHER"
"""The environment variable with the launcher's process id: its processes do not outlive it."""


class Started(Protocol):
    """A process of the run, here or on another machine."""

    @property
    def returncode(self) -> int | None:
        """Its exit status as `poll` found it, negative for a signal that ended it; None while it runs."""
        ...

    def poll(self) -> int | None:
        """Looks at it, and returns that status."""
        ...

    def send_signal(self, number: int, /) -> None:
        """Sends it a signal, while it runs."""
        ...

    def kill(self) -> None:
        """Ends it by SIGKILL."""
        ...

    def fate(self) -> str:
        """Returns what ended it where it did not exit by itself; empty where it did."""
        ...


class ProcessHere(subprocess.Popen[bytes]):
    """Plays `Started` on this machine."""

    def fate(self) -> str:
        """Returns which signal ended it."""
        return ended_by(self.returncode)


def ended_by(status: int) -> str:
    """Returns what a negative exit status says.

    >>> ended_by(-9), ended_by(75)
    ('was ended by SIGKILL', '')
    """
    return f"was ended by {signal.Signals(-status).name}" if status < 0 else ""


def launch(arguments: Sequence[str], count: int, log: Callable[[str], object], every: float = 0.1) -> int:
    """Runs `whet` with these arguments in `count` processes that share the work; returns the exit status.

    That is the first one that failed; 75, to be resumed, where one was killed. `log` is told who was.
    """
    port = free_port()
    own = {"OMP_NUM_THREADS": threads(len(cores()) // count), LAUNCHER: str(os.getpid())}
    started = [
        # a session of its own: Ctrl-C reaches the launcher alone, which passes it on
        ProcessHere(
            [sys.executable, "-P", "-m", "whet", *arguments],
            env={**os.environ, **variables(number, count, number, count, "127.0.0.1", port), **own},
            start_new_session=True,
        )
        for number in range(count)
    ]
    return see_through(started, log, every)


def variables(rank: int, count: int, local_rank: int, local_count: int, address: str, port: int) -> dict[str, str]:
    """Returns what torchrun sets in the environment of process `rank` of `count`.

    On its machine it is process `local_rank` of `local_count`; process 0 listens at the address.
    """
    return {
        "RANK": str(rank),
        "LOCAL_RANK": str(local_rank),
        "WORLD_SIZE": str(count),
        "LOCAL_WORLD_SIZE": str(local_count),
        "MASTER_ADDR": address,
        "MASTER_PORT": str(port),
    }


def threads(cores: int) -> str:
    """Returns `OMP_NUM_THREADS` of a process that has so many cores; what the user has set stays."""
    return os.environ.get("OMP_NUM_THREADS", str(max(1, cores)))


def see_through(
    started: Sequence[Started], log: Callable[[str], object], every: float, must_stop: Callable[[], str] = str
) -> int:
    """Waits for the processes of a run, with signals passed on to all of them; returns the exit status of all together.

    `log` is told which of them did not end by themselves. Once `must_stop` has a reason, and not only an empty text,
    they are stopped as by SIGTERM.
    """
    with passing_on(started):
        _wait(started, log, every, must_stop)
    for number, one in enumerate(started):
        if fate := one.fate():
            log(f"process {number} of {len(started)} {fate}")
    return _status([one.returncode or 0 for one in started])


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


def free_port() -> int:
    """Returns a port of this machine where nobody listens."""
    with socket.socket() as opened:
        opened.bind(("", 0))
        return int(opened.getsockname()[1])


@contextmanager
def passing_on(started: Sequence[Started]) -> Iterator[None]:
    """In the block signals go to every process; a signal that is ignored stays ignored."""

    def pass_on(number: int, frame: object) -> None:
        for one in started:
            if one.returncode is None:
                one.send_signal(number)

    heard = [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    handlers = {number: signal.signal(number, pass_on) for number in heard}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _wait(started: Sequence[Started], log: Callable[[str], object], every: float, must_stop: Callable[[], str]) -> None:
    """Waits until all have ended; once one has failed or all are stopped, for `GRACE` seconds, then kills them."""
    deadline = float("inf")
    while running := [one for one in started if one.poll() is None]:
        if deadline == float("inf"):
            if any(one.returncode for one in started):
                deadline = time.monotonic() + GRACE
            elif reason := must_stop():
                log(reason)
                for one in running:
                    one.send_signal(signal.SIGTERM)
                deadline = time.monotonic() + GRACE
        elif time.monotonic() > deadline:
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
