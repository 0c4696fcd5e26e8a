"""Calls that fail, and entries that are no rewards."""

import asyncio
import math
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from whet.errors import UserError
from whet.rewards.calls import RewardError, as_reward, as_rewards, attempt_all, one_by_one


class Stubborn:
    """An object that no one can read as a number."""

    def __float__(self) -> float:
        raise KeyError("no")


def broken() -> Any:
    raise ZeroDivisionError("division by zero")


def test_every_call_is_made_whatever_the_others_do() -> None:
    def quits() -> Any:
        raise SystemExit(3)

    results = attempt_all([lambda: [1.0], broken, quits, lambda: [2.0]])
    assert results[0] == [1.0]
    assert isinstance(results[1], ZeroDivisionError)
    assert isinstance(results[2], SystemExit)
    assert results[3] == [2.0]


def test_async_calls_run_together() -> None:
    """Each waits for the other, so that one after the other they would never end."""
    here, there = threading.Event(), threading.Event()

    async def meet(mine: threading.Event, other: threading.Event) -> list[float]:
        mine.set()
        for _ in range(1000):
            if other.is_set():
                return [1.0]
            await asyncio.sleep(0.01)
        return [0.0]

    async def fails() -> list[float]:
        raise ValueError("no")

    results = attempt_all([lambda: meet(here, there), lambda: [5.0], lambda: meet(there, here), fails])
    assert results[:3] == [[1.0], [5.0], [1.0]]
    assert isinstance(results[3], ValueError)


def test_async_calls_run_inside_an_event_loop_too() -> None:
    async def reward() -> list[float]:
        return [1.0]

    async def notebook() -> list[Any]:
        return attempt_all([reward])

    assert asyncio.run(notebook()) == [[1.0]]


def test_what_the_user_must_fix_is_not_caught() -> None:
    def refuses() -> Any:
        raise UserError("fix it")

    async def refuses_later() -> Any:
        raise UserError("fix it")

    for call in (refuses, refuses_later):
        with pytest.raises(UserError, match="fix it"):
            attempt_all([call])


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        ([1.0], "1 rewards for 2 completions"),
        ([1.0] * 3, "3 rewards for 2 completions"),
        (None, "returned NoneType where a list was due"),
        (1.0, "returned float"),
        (ValueError("no"), "raised ValueError: no"),
    ],
)
def test_what_is_no_list_of_rewards(result: Any, reason: str) -> None:
    with pytest.raises(RewardError, match=reason):
        as_rewards(result, 2)


@pytest.mark.parametrize("entry", [math.nan, math.inf, -math.inf, "1.0", b"1", "nan", [1.0], {}, Stubborn(), 10**400])
def test_what_is_no_reward(entry: Any) -> None:
    with pytest.raises(RewardError, match="gave"):
        as_reward(entry)


def test_what_is_a_reward() -> None:
    import numpy as np
    import torch

    given = [1, True, 0.5, None, np.float32(0.25), torch.tensor(2.0)]
    assert [as_reward(entry) for entry in given] == [1.0, 1.0, 0.5, None, 0.25, 2.0]
    assert [as_reward(entry) for entry in as_rewards(np.array([1.0, 2.0]), 2)] == [1.0, 2.0]
    assert [as_reward(entry) for entry in as_rewards(torch.ones(2), 2)] == [1.0, 1.0]
    column = np.array([[1.0], [2.0]])
    assert [as_reward(entry) for entry in as_rewards(column, 2)] == [1.0, 2.0]


def test_one_by_one_keeps_what_went_well() -> None:
    entries = one_by_one([lambda: [1.0], broken, list, lambda: [None]])
    assert entries[0] == 1.0
    assert entries[3] is None
    for entry, reason in ((entries[1], "raised ZeroDivisionError"), (entries[2], "0 rewards for 1")):
        with pytest.raises(RewardError, match=reason):
            as_reward(entry)


@pytest.fixture
def interrupted_soon() -> Iterator[None]:
    """Ctrl-C after a tenth of a second."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("interrupted_soon")
def test_an_interrupt_does_not_wait_for_what_is_awaited() -> None:
    ended = []

    async def slow() -> list[float]:
        try:
            await asyncio.sleep(20)
        finally:
            ended.append(time.monotonic() - began)
        return [1.0]

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        attempt_all([slow])
    assert time.monotonic() - began < 10
    assert len(ended) == 1


def test_what_was_raised_or_given_is_cut_after_its_secrets_are_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", "canary-of-mine-0001")
    for before in range(250, 300):
        with pytest.raises(RewardError) as raised:
            as_rewards(ValueError("x" * before + "canary-of-mine-0001"), 1)
        with pytest.raises(RewardError) as given:
            as_reward("x" * before + "canary-of-mine-0001")
        assert "can" not in f"{raised.value} {given.value}"


@pytest.mark.usefixtures("interrupted_soon")
def test_an_interrupt_before_anything_is_awaited_ends_what_was_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that awaits begins late, as on a busy machine; the interrupt comes before it does."""
    ended: list[str] = []
    real = asyncio.run

    def late(coroutine: Any) -> Any:
        time.sleep(0.5)
        return real(coroutine)

    async def slow() -> list[float]:
        try:
            await asyncio.sleep(20)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        return [0.0]

    monkeypatch.setattr(asyncio, "run", late)
    with pytest.raises(KeyboardInterrupt):
        attempt_all([slow, slow])
    assert ended == ["cancelled", "cancelled"]
