"""Giving up files, for good."""

import os
import socket
from pathlib import Path

import pytest

from sandbox.apart import apart
from whet.sandbox import landlock
from whet.sandbox.landlock import abi, handled, missing, restrict

needs_landlock = pytest.mark.skipif(not abi(), reason="this kernel has no Landlock")


@pytest.mark.parametrize(
    ("version", "files", "net", "scopes"),
    [(1, 13, 0, 0), (2, 14, 0, 0), (3, 15, 0, 0), (4, 15, 3, 0), (5, 16, 3, 0), (6, 16, 3, 3), (7, 16, 3, 3)],
)
def test_all_rights_of_a_version_are_handled(version: int, files: int, net: int, scopes: int) -> None:
    """The numbers of rights are those of the kernel's header, linux/landlock.h, by version."""
    assert handled(version) == (2**files - 1, net, scopes)


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (missing() is None) is (abi() > 0)
    monkeypatch.setattr(landlock, "abi", lambda: 0)
    assert "Linux 5.13 or later" in str(missing())


def refusal(attempt: object) -> str:
    try:
        attempt()  # type: ignore[operator]
    except OSError as error:
        return type(error).__name__
    return "worked"


@needs_landlock
def test_only_what_is_named_can_be_read(tmp_path: Path) -> None:
    for name in ("open/file", "listed/file", "closed/file"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("x", "utf-8")
    (tmp_path / "single").write_text("x", "utf-8")

    def tries() -> list[str]:
        readable = [str(tmp_path / "open"), str(tmp_path / "single"), "/no/such/place"]
        restrict(readable, [str(tmp_path / "listed")])
        return [
            refusal(lambda: (tmp_path / "open" / "file").read_text()),
            refusal(lambda: list((tmp_path / "open").iterdir())),
            refusal(lambda: (tmp_path / "single").read_text()),
            refusal(lambda: list((tmp_path / "listed").iterdir())),
            refusal(lambda: (tmp_path / "listed" / "file").read_text()),
            refusal(lambda: (tmp_path / "closed" / "file").read_text()),
            refusal(lambda: (tmp_path / "open" / "file").write_text("y")),
            refusal(lambda: (tmp_path / "open" / "file").unlink()),
            refusal(lambda: (tmp_path / "open" / "new").mkdir()),
            refusal(lambda: (tmp_path / "open" / "link").symlink_to(tmp_path / "closed" / "file")),
            refusal(lambda: os.link(tmp_path / "closed" / "file", tmp_path / "open" / "link")),
        ]

    assert apart(tries) == str(["worked"] * 4 + ["PermissionError"] * 7)


@pytest.mark.skipif(abi() < 4, reason="this kernel's Landlock does not know TCP")
def test_tcp_is_given_up() -> None:
    def connect() -> str:
        with socket.create_server(("127.0.0.1", 0)) as server:
            restrict([], [])
            return refusal(lambda: socket.create_connection(server.getsockname(), 1))

    assert apart(connect) == "PermissionError"


@pytest.mark.skipif(abi() < 6, reason="this kernel's Landlock does not know signals")
def test_signals_to_others_are_given_up() -> None:
    def signal() -> str:
        restrict([], [])
        return refusal(lambda: os.kill(os.getppid(), 0))

    assert apart(signal) == "PermissionError"


@needs_landlock
def test_a_kernel_that_refuses_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landlock, "handled", lambda version: (1 << 60, 0, 0))
    assert apart(lambda: restrict([], [])).startswith("OSError: [Errno 22]")
