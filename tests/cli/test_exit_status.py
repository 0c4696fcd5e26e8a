"""How a command ends."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from whet.cli.exit_status import exit_status
from whet.errors import UserError


def raising(error: BaseException) -> Callable[[], None]:
    def command() -> None:
        raise error

    return command


def ended_by(command: Callable[[], None]) -> int | str | None:
    """The status that the process would have."""
    with pytest.raises(SystemExit) as end, exit_status():
        command()
    return end.value.code


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (UserError("seed: is x; it must be a number"), 2, "whet: seed: is x; it must be a number\n"),
        (KeyboardInterrupt(), 75, "whet: interrupted\n"),
        (KeyboardInterrupt("stopped after step 4"), 75, "whet: stopped after step 4\n"),
        (ValueError("no\nway"), 1, "whet: failed with ValueError: no (WHET_DEBUG=1 shows where)\n"),
    ],
)
def test_a_line_and_a_status(
    error: BaseException, status: int, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WHET_DEBUG", raising=False)
    assert ended_by(raising(error)) == status
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", said)


def test_a_command_that_ends_well_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended_by(lambda: None) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("kind", [UserError, ValueError])
def test_no_line_holds_a_secret(
    kind: type[Exception], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", "canary-0001")
    ended_by(raising(kind("401 for canary-0001")))
    assert "401 for [redacted]" in capsys.readouterr().err


def test_a_mistake_of_ours_can_be_seen_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHET_DEBUG", "1")
    with pytest.raises(ZeroDivisionError), exit_status():
        raising(ZeroDivisionError())()


def test_a_reader_that_has_had_enough_is_no_failure_of_ours(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `head` has; what is still to be printed at the end has nowhere to go, and nothing is said of it."""
    monkeypatch.setattr(sys, "stdout", sys.stdout)  # put back after
    assert ended_by(raising(BrokenPipeError())) == 1
    assert sys.stdout.name == os.devnull
    assert capsys.readouterr().err == ""


def test_a_command_that_ends_itself_keeps_its_status() -> None:
    """As `--help` does."""
    with pytest.raises(SystemExit) as end, exit_status():
        sys.exit(3)
    assert end.value.code == 3


class LibraryError(Exception):
    """As safetensors raises it: no `OSError`, and no path."""


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            LibraryError("Error while serializing: I/O error: No space left on device (os error 28)"),
            "No space left on device",
        ),
        (OSError(errno.EDQUOT, "Disk quota exceeded", "/x/y"), "Disk quota exceeded: /x/y"),
    ],
)
def test_a_full_disk_is_the_users_to_fix(error: Exception, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended_by(raising(error)) == 2
    line = f"whet: {said}; make room there, or write elsewhere, and run it again\n"
    assert capsys.readouterr().err == line


def test_a_pipe_that_nobody_reads_ends_help_quietly() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = subprocess.run([sys.executable, "-m", "whet", "--help"], stdout=writer, stderr=subprocess.PIPE)
    finally:
        os.close(writer)
    assert (ended.returncode, ended.stderr) == (1, b"")
