"""What terminals can show."""

import io

import pytest
from rich.console import Console

from whet.doctor.terminal_findings import terminal_findings


def console(encoding: str, **options: object) -> Console:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    return Console(file=file, **options)  # type: ignore[arg-type]


def test_an_encoding_without_the_signs() -> None:
    encoding, _ = terminal_findings(console("ascii"))
    assert (encoding.state, "PYTHONUTF8" in (encoding.fix or "")) == ("note", True)
    assert next(iter(terminal_findings(console("utf-8")))).state == "ok"


@pytest.mark.parametrize(("width", "state"), [(60, "note"), (80, "ok")])
def test_a_narrow_terminal(width: int, state: str) -> None:
    *_, kind = terminal_findings(console("utf-8", force_terminal=True, width=width))
    assert kind.state == state


def test_a_pipe() -> None:
    *_, kind = terminal_findings(console("utf-8"))
    assert (kind.state, kind.figures["terminal"]) == ("ok", False)
