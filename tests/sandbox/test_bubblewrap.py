"""Bubblewrap: what it is asked for. Whether it holds, the tests of the runner say where it is installed."""

import shutil
from pathlib import Path

import pytest

from whet.sandbox import bubblewrap
from whet.sandbox.interpreter import PACKAGE, interpreter


def test_nothing_is_shared_and_everything_ends_together() -> None:
    words = bubblewrap.wrapped(["python", "-c", ""])
    assert Path(words[0]).name == "bwrap"
    for kind in ("user", "pid", "net", "ipc", "uts", "cgroup-try"):
        assert f"--unshare-{kind}" in words
    assert "--die-with-parent" in words
    assert words[words.index("--cap-drop") + 1] == "ALL"
    assert "--clearenv" in words
    assert words[words.index("--") :] == ["--", "python", "-c", ""]


def test_only_what_python_needs_is_mounted_and_only_to_be_read() -> None:
    words = bubblewrap.wrapped([])
    assert not {"--bind", "--dev-bind", "--proc", "--share-net"} & set(words)
    places = [words[at + 1] for at, word in enumerate(words) if word == "--ro-bind"]
    python = interpreter()
    own = str(PACKAGE / "sandbox")
    assert set(places) <= {*python.shared, *python.library, *python.loader, python.executable, own}
    assert {*python.library, python.executable, own} <= set(places)
    assert str(Path.home()) not in places


def test_what_is_installed_is_covered_before_our_own_folder_is_mounted() -> None:
    words = bubblewrap.wrapped([])
    covers = [at for at, word in enumerate(words) if word == "--tmpfs"]
    assert [words[at + 1] for at in covers] == list(interpreter().installed)
    assert all(at < words.index(str(PACKAGE / "sandbox")) for at in covers)


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert "install the package bubblewrap" in str(bubblewrap.missing())
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/bwrap")
    assert bubblewrap.missing() is None
    monkeypatch.setattr(bubblewrap.sys, "platform", "darwin")
    assert "for Linux" in str(bubblewrap.missing())
