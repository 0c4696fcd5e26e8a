"""Threads spin on an idle machine and sleep on a busy one, unless the user said how they are to wait."""

import os

import pytest

from whet.cli.thread_waits import others_use, sleep_where_busy
from whet.compute.thread_settings import BUSY, SETTINGS


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*SETTINGS, "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, "")  # so that it is afterwards as it was, whatever is set here
        monkeypatch.delenv(name)


@pytest.mark.parametrize(("share", "policy"), [(0.0, None), (BUSY - 0.01, None), (BUSY, "PASSIVE"), (1.0, "PASSIVE")])
def test_threads_sleep_on_a_busy_machine(share: float, policy: str | None) -> None:
    said = sleep_where_busy(lambda: share)
    assert os.environ.get("OMP_WAIT_POLICY") == policy
    assert bool(said) == (policy is not None)


def test_it_says_how_busy_and_how_to_have_it_otherwise() -> None:
    said = sleep_where_busy(lambda: 0.6)
    assert "60 %" in said
    assert "OMP_WAIT_POLICY=ACTIVE" in said


@pytest.mark.parametrize("name", SETTINGS)
def test_what_the_user_has_set_stays(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "7")
    assert sleep_where_busy(lambda: 1.0) == ""
    assert {key: os.environ.get(key) for key in SETTINGS} == {key: "7" if key == name else None for key in SETTINGS}


def test_one_thread_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert sleep_where_busy(lambda: pytest.fail("looked")) == ""


def test_the_share_is_one_of_all_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("psutil.cpu_percent", lambda interval: 37.5 if interval else 0.0)
    assert others_use() == 0.375
