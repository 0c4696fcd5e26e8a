"""Chat templates are tried out in a process with little time and memory."""

from typing import Any

import pytest

from models import hostile
from processes import below
from tiny import CHAT_TEMPLATE
from whet.models import template
from whet.models.template import fault_of
from whet.workers.worker import Outcome


def test_a_sound_template_has_no_fault_and_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    text = CHAT_TEMPLATE + "{# tried once #}"
    assert fault_of(text) == ""
    monkeypatch.setattr(template, "Worker", lambda *_, **__: pytest.fail("tried again"))
    assert fault_of(text) == ""


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (hostile.GLOBALS, "reaches for Python's internals (`__init__`)"),
        ("{% if messages[0].content == 'secret' %}{{ ''.__class__ }}{% endif %}", "reaches for Python's internals"),
        (hostile.PIECEMEAL, "reaches for what is not its own"),
        (hostile.LOOPS, "does not come to an end"),
        ("{{ 'a' * 10**10 }}", "fills the memory"),
        ("x" * 1_000_001, "has 1000001 characters"),
        ("\ud800{{ 'a' * 10**10 }}", "fills the memory"),
    ],
)
def test_a_fault_is_found_in_time(text: str, fault: str) -> None:
    started = hostile.worked()
    assert fault_of(text).startswith(fault)
    assert hostile.worked() - started < 5


@pytest.mark.parametrize(
    ("came", "fault"),
    [
        (Outcome("late", what="took longer than 20 s and was stopped"), "does not come to an end"),
        (Outcome("died", what="ended its process by SIGXCPU"), "does not come to an end"),
        (Outcome("died", what="ended its process with exit code 1"), "breaks the program that tries it out"),
        (Outcome("refused", what="could not be started"), "breaks the program that tries it out"),
    ],
)
def test_a_process_that_is_stuck_or_breaks_is_a_fault_too(
    came: Outcome, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stuck:
        def __init__(self, *_: Any, **__: Any) -> None: ...

        def ask(self, request: bytes, limit: float) -> Outcome:
            return came

        def close(self) -> None: ...

    monkeypatch.setattr(template, "Worker", Stuck)
    assert fault_of(f"never seen before {came}") == fault


def test_nothing_is_left_behind() -> None:
    before = below()
    fault_of(hostile.LOOPS + "{# once more #}")
    assert below() <= before


def test_every_word_of_the_program_is_understood() -> None:
    assert {"escape", "memory", "long"} <= set(template.FAULTS)
