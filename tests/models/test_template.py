"""Chat templates are tried out in a process with little time and memory."""

import subprocess
from typing import Any

import pytest

from models import hostile
from tiny import CHAT_TEMPLATE
from whet.models import template
from whet.models.template import fault_of


def test_a_sound_template_has_no_fault_and_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    text = CHAT_TEMPLATE + "{# tried once #}"
    assert fault_of(text) == ""
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("tried again"))
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


def test_a_process_that_is_stuck_or_breaks_is_a_fault_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def stuck(*_: Any, **__: Any) -> Any:
        raise subprocess.TimeoutExpired("", 1)

    monkeypatch.setattr(subprocess, "run", stuck)
    assert fault_of("never seen before") == "does not come to an end"
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], 1, b"", b"Traceback"))
    assert fault_of("nor this one") == "breaks the program that tries it out"


def test_every_word_of_the_program_is_understood() -> None:
    assert {"escape", "memory", "long"} <= set(template.FAULTS)
