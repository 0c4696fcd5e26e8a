"""Signals: the first is a request, the second the end."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from whet.train_loop.signals import Interrupted, Stop


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Whoever was asked goes on listening; these tests go on without."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)
    signal.set_wakeup_fd(-1)


def test_nothing_is_asked_for_at_first() -> None:
    stop = Stop()
    with stop.listening():
        assert not stop.asked


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
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


def test_patience_can_be_taken_back() -> None:
    stop = Stop()
    with stop.listening(), stop.patiently():
        with pytest.raises(KeyboardInterrupt), stop.patiently(False):
            signal.raise_signal(signal.SIGINT)
        assert stop.asked


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
