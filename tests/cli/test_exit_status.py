"""How a command ends."""

from collections.abc import Callable

import pytest

from whet.cli.exit_status import exit_status
from whet.errors import UserError


def raising(error: BaseException) -> Callable[[], None]:
    def command() -> None:
        raise error

    return command


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
    assert exit_status(raising(error)) == status
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", said)


def test_a_command_that_ends_well_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_status(lambda: None) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("kind", [UserError, ValueError])
def test_no_line_holds_a_secret(
    kind: type[Exception], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", "canary-0001")
    exit_status(raising(kind("401 for canary-0001")))
    assert "401 for [redacted]" in capsys.readouterr().err


def test_a_mistake_of_ours_can_be_seen_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHET_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        exit_status(raising(ZeroDivisionError()))
