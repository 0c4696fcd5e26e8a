"""What is free: of the machine, of a container's control group, of the heap."""

from pathlib import Path

import psutil
import pytest
import torch

from whet.policy.free_memory import free_bytes, system_memory, unused_heap

GIB = 1 << 30


def group(folder: Path, limit: int | str, used: int, dropped: int = 0) -> None:
    """A control group of version 2."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "memory.max").write_text(f"{limit}\n")
    (folder / "memory.current").write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 5\ninactive_file {dropped}\n")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    found = psutil.virtual_memory()._replace(total=64 * GIB, available=40 * GIB)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: found)


@pytest.mark.usefixtures("machine")
def test_without_a_limit_it_is_the_machines(tmp_path: Path) -> None:
    own = tmp_path / "own"
    for text in ("0::/\n", "0::/a\n", "", "garbage\n"):
        own.write_text(text)
        group(tmp_path / "cg" / "a", "max", 2 * GIB)
        assert system_memory(tmp_path / "cg", own).available == 40 * GIB
    assert system_memory(tmp_path / "cg", tmp_path / "absent").total == 64 * GIB


@pytest.mark.usefixtures("machine")
def test_a_containers_limit_counts(tmp_path: Path) -> None:
    """8 GiB allowed, 5 used, 1 of it files that the kernel drops: 4 are free."""
    own = tmp_path / "own"
    own.write_text("0::/pod/box\n")
    group(tmp_path / "cg" / "pod" / "box", "max", 5 * GIB)
    group(tmp_path / "cg" / "pod", 8 * GIB, 5 * GIB, GIB)
    found = system_memory(tmp_path / "cg", own)
    assert (found.total, found.available) == (8 * GIB, 4 * GIB)


@pytest.mark.usefixtures("machine")
def test_the_tightest_of_several_limits_counts(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_text("0::/pod/box\n")
    group(tmp_path / "cg" / "pod", 32 * GIB, 31 * GIB)
    group(tmp_path / "cg" / "pod" / "box", 8 * GIB, 2 * GIB)
    assert system_memory(tmp_path / "cg", own).available == GIB


@pytest.mark.usefixtures("machine")
def test_version_1_of_control_groups(tmp_path: Path) -> None:
    """Its limit of no limit is a number near 2⁶³."""
    own, folder = tmp_path / "own", tmp_path / "cg" / "memory" / "box"
    own.write_text("5:cpu:/box\n4:memory:/box\n")
    folder.mkdir(parents=True)
    (folder / "memory.usage_in_bytes").write_text(str(3 * GIB))
    for limit, available in ((4 * GIB, GIB), (9223372036854771712, 40 * GIB)):
        (folder / "memory.limit_in_bytes").write_text(str(limit))
        assert system_memory(tmp_path / "cg", own).available == available


def test_there_is_some_memory() -> None:
    assert unused_heap() >= 0
    assert free_bytes(torch.device("cpu")) > 2**20
    assert free_bytes(torch.device("cpu")) < 4 * psutil.virtual_memory().total
