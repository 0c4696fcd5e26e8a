"""Signals: the first is a request, the second the end."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from whet.compute.launch import SIGNALS
from whet.train_loop.signals import Interrupted, Stop


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Whoever was asked goes on listening; these tests go on without."""
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)
    signal.set_wakeup_fd(-1)


def test_nothing_is_asked_for_at_first() -> None:
    stop = Stop()
    with stop.listening():
        assert not stop.asked


@pytest.mark.parametrize("number", SIGNALS)
def test_a_patient_one_waits(number: signal.Signals) -> None:
    said: list[str] = []
    stop = Stop(said.append)
    with stop.listening(), stop.patiently():
        signal.raise_signal(number)
        assert stop.asked
        until = time.monotonic() + 30
        while not said and time.monotonic() < until:
            time.sleep(0.001)
    assert said == ["stopping after this step; once more ends at once"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_impatient_one_is_interrupted(number: signal.Signals) -> None:
    stop = Stop()
    with pytest.raises(KeyboardInterrupt), stop.listening():
        signal.raise_signal(number)
    assert stop.asked


def test_in_a_shared_run_a_signal_is_taken_up_once_where_all_are() -> None:
    said: list[str] = []
    stop = Stop(said.append)
    stop.is_shared = True
    with stop.listening():
        stop.take_up()
        signal.raise_signal(signal.SIGTERM)
        assert stop.asked
        with stop.patiently():
            stop.take_up()
        with pytest.raises(KeyboardInterrupt):
            stop.take_up()
        stop.take_up()
        until = time.monotonic() + 30
        while not said and time.monotonic() < until:
            time.sleep(0.001)
    assert said == ["stopping once all processes are there; once more ends at once"]


def test_a_stop_that_all_have_agreed_on_is_not_taken_up_again() -> None:
    stop = Stop()
    stop.is_shared, stop.asked = True, True
    assert stop.is_asked()
    stop.take_up()


def test_patience_can_be_taken_back() -> None:
    stop = Stop()
    with stop.listening(), stop.patiently():
        with pytest.raises(KeyboardInterrupt), stop.patiently(False):
            signal.raise_signal(signal.SIGINT)
        assert stop.asked


def test_a_signal_that_is_ignored_stays_so() -> None:
    """`nohup` ignores SIGHUP: a run under it goes on when its terminal is closed."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    stop = Stop()
    with stop.listening():
        signal.raise_signal(signal.SIGHUP)
    assert not stop.asked


GONE = """
import os, pty, signal, sys
from whet.train_loop.signals import Interrupted, Stop

pid, terminal = pty.fork()
if pid:
    os.read(terminal, 5)  # it is listening
    os.close(terminal)  # the window is closed: SIGHUP
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
stop = Stop()
with stop.listening(), stop.patiently():
    print("ready", flush=True)
    while not stop.asked:
        signal.pause()
    print("the step is saved", flush=True)  # to a terminal that is gone
sys.exit(75)
"""


def test_a_run_whose_terminal_is_gone_is_saved_and_ends() -> None:
    ended = subprocess.run([sys.executable, "-c", GONE], stderr=subprocess.PIPE, text=True, timeout=120)
    assert (ended.returncode, ended.stderr) == (75, "")


def test_handlers_are_given_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with Stop().listening():
        assert signal.getsignal(signal.SIGTERM) not in before
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    assert signal.set_wakeup_fd(-1) == -1


def test_another_thread_listens_to_nothing() -> None:
    done: list[bool] = []

    def use() -> None:
        with Stop().listening():
            done.append(True)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert done == [True]


ENDING = """
import time
from whet.train_loop.signals import Stop

stop = Stop(lambda text: None)
try:
    with stop.listening():
        print("ready", flush=True)
        time.sleep(600)
except KeyboardInterrupt:
    print("ending", flush=True)
    time.sleep(600)
"""


def test_a_second_signal_is_heard_while_the_process_ends() -> None:
    process = subprocess.Popen([sys.executable, "-c", ENDING], stdout=subprocess.PIPE, env={**os.environ})
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == b"ending\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 75
    finally:
        process.kill()
        process.stdout.close()


BUSY = """
import hashlib, sys, time
from whet.train_loop.signals import Stop

stop = Stop(lambda text: None)
with stop.listening(), stop.patiently():
    print("ready", flush=True)
    hashlib.pbkdf2_hmac("sha256", b"", b"", 10**9) if sys.argv[1] == "c" else time.sleep(600)
"""


@pytest.mark.parametrize("what", ["c", "sleep"])
def test_the_second_signal_ends_whatever_the_process_does(what: str) -> None:
    """Also inside one long call of C code, as a product of matrices is, in which no handler runs."""
    process = subprocess.Popen([sys.executable, "-c", BUSY, what], stdout=subprocess.PIPE, env={**os.environ})
    assert process.stdout is not None
    try:
        process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 75
    finally:
        process.kill()
        process.stdout.close()


def test_an_interruption_is_a_keyboard_interrupt() -> None:
    with pytest.raises(KeyboardInterrupt, match="after step 3"):
        raise Interrupted("stopped after step 3")


def test_a_stop_of_any_process_is_one_of_all() -> None:
    stop, told = Stop(), []
    assert not stop.is_asked()
    stop.agree = lambda asked: told.append(asked) or True  # type: ignore[func-returns-value]
    assert stop.is_asked()
    assert told == [False]
    assert not stop.asked
