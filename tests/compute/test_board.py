"""What processes say of themselves, and what is made of it when an exchange fails."""

import threading
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from whet.compute import board
from whet.compute.board import Board, mark
from whet.errors import ProcessLost, UserError

PATIENCE = timedelta(minutes=2)


class Store:
    """Stands for torch's store."""

    def __init__(self, held: Mapping[str, str] = {}) -> None:
        self.held = dict(held)

    def set(self, key: str, value: str) -> None:
        self.held[key] = value

    def check(self, keys: list[str]) -> bool:
        return keys[0] in self.held

    def get(self, key: str) -> bytes:
        return self.held[key].encode()


class Silent(Store):
    """A store whose process is gone."""

    def set(self, key: str, value: str) -> None:
        raise RuntimeError("Connection reset by peer")

    def check(self, keys: list[str]) -> bool:
        raise RuntimeError("Connection reset by peer")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "SETTLES", 0.1)


def _lost(held: Mapping[str, str], waited: timedelta = timedelta(0), count: int = 3) -> BaseException:
    """What process 1 makes of it, at its fifth exchange."""
    own = Board(Store(held), 1, count)
    own.number = 5
    return own.lost(RuntimeError("Connection closed by peer\nframe 0"), waited, PATIENCE)


def test_the_end_of_a_process_is_told() -> None:
    found = _lost({"end of 2": "ValueError: no file"})
    assert isinstance(found, ProcessLost)
    assert str(found) == "process 2 of 3 ended: ValueError: no file"


def test_what_the_user_can_fix_is_raised_as_such() -> None:
    found = _lost(
        {"end of 0": "ProcessLost: process 2 of 3 is gone", "end of 2": "UserError: model.name: no such model"}
    )
    assert isinstance(found, UserError)
    assert str(found) == "model.name: no such model"


def test_who_lost_somebody_is_believed() -> None:
    assert str(_lost({"end of 0": "ProcessLost: process 2 of 3 ended without a word"})) == (
        "process 2 of 3 ended without a word"
    )


def test_who_is_behind_is_late() -> None:
    held = {"at 0": "5 gathered x", "at 2": "4 first y"}
    assert str(_lost(held, PATIENCE)) == (
        "process 2 of 3 kept the others waiting for 2 minutes (compute.timeout_minutes) at 4 first y"
    )
    assert "the connection between the 3 processes broke: Connection closed by peer" in str(_lost(held))
    assert "in the midst of what they compute together" in str(_lost({"at 0": "5 x", "at 2": "5 x"}, PATIENCE))


def test_a_store_that_does_not_answer_is_process_0() -> None:
    own = Board(Silent(), 1, 2)
    own.arrives("gathered x")  # no error
    own.ends(ValueError("no"))
    assert str(own.lost(RuntimeError(""), timedelta(0), PATIENCE)) == (
        "process 0 of 2 does not answer: killed, stopped, or cut off"
    )


class Stopped(Store):
    """A store whose process is stopped: who asks it waits."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def check(self, keys: list[str]) -> bool:
        self.asked += 1
        threading.Event().wait(30)
        return False


def test_a_store_that_is_stopped_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "ANSWER", 0.05)
    own = Board(Stopped(), 1, 3)
    assert "process 0 of 3 does not answer" in str(own.lost(RuntimeError(""), PATIENCE, PATIENCE))
    own.ends(ValueError("no"))  # which would wait behind the first request
    assert (own.store.asked, own.store.held) == (1, {})


def test_equal_exchanges_have_equal_codes() -> None:
    one, other = Board(Store(), 0, 2), Board(Store(), 1, 2)
    assert one.arrives("gathered x") == other.arrives("gathered x")
    assert one.arrives("gathered x") != other.arrives("first x")
    assert one.arrives("gathered x") != one.arrives("gathered x")  # the third and the fourth
    assert one.store.held == {"at 0": "4 gathered x"}


def test_secrets_stay_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_abcdefghijklmnop")
    own = Board(Store(), 0, 2)
    own.ends(ValueError("token hf_abcdefghijklmnop is wrong"))
    assert "hf_abcdefghijklmnop" not in own.store.held["end of 0"]


def test_work_is_marked_alike_in_every_process() -> None:
    class Sampler:
        def load(self) -> Any:
            return lambda: 1

    assert mark(Sampler().load).endswith("Sampler.load")
    assert mark(Sampler().load()) == mark(Sampler().load)
    assert mark(partial(print)) == "functools.partial"
