"""Waiting that says so."""

import threading
import time

import pytest

from whet.models.slow_work import report_while_running


def test_the_result_comes_back_and_quick_work_is_silent() -> None:
    said: list[str] = []
    assert report_while_running(lambda: "done", "working", said.append, every=5) == "done"
    assert said == []


def test_slow_work_says_that_it_goes_on() -> None:
    said: list[str] = []
    report_while_running(lambda: time.sleep(0.3), "fetching x (3 MB)", said.append, every=0.1)
    assert said
    assert said[0] == "still fetching x (3 MB) (0 s)"


def test_what_the_work_raises_is_raised_here() -> None:
    def work() -> None:
        raise ValueError("as it was")

    with pytest.raises(ValueError, match="as it was"):
        report_while_running(work, "failing")


def test_hopeless_work_is_given_up_in_time() -> None:
    release = threading.Event()
    started = time.monotonic()
    with pytest.raises(TimeoutError, match="asking"):
        report_while_running(lambda: release.wait(60), "asking", every=0.1, deadline=0.3)
    assert time.monotonic() - started < 2
    release.set()
