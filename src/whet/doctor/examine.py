"""Examines this machine, topic by topic; a topic that fails is a finding too."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from whet.doctor.finding import Finding
from whet.doctor.library_findings import library_findings
from whet.doctor.machine_findings import machine_findings
from whet.doctor.network_findings import network_findings
from whet.doctor.sandbox_findings import sandbox_findings
from whet.doctor.terminal_findings import terminal_findings
from whet.text import first_line

if TYPE_CHECKING:
    from rich.console import Console

Topic = Callable[[], Iterator[Finding]]


def examine(console: "Console") -> Iterator[Finding]:
    """Yields all findings, as they are made. `console` is the terminal to look at."""
    topics: dict[str, Topic] = {
        "libraries": library_findings,
        "machine": machine_findings,
        "models and data": network_findings,
        "sandbox": sandbox_findings,
        "terminal": lambda: terminal_findings(console),
    }
    for name, topic in topics.items():
        yield from whatever_happens(name, topic)


def whatever_happens(name: str, topic: Topic) -> Iterator[Finding]:
    """Yields a topic's findings, and one more where it raises: to look at a broken machine must not break."""
    try:
        yield from topic()
    except Exception as error:
        said = f"failed with {type(error).__name__}: {first_line(error)}"
        yield Finding(name, "examination", said, "fault", "look at the libraries above first; then report it")
