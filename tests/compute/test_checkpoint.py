"""Checkpoints that are whole or not there."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch

from whet.compute import checkpoint
from whet.compute.checkpoint import (
    checkpoints,
    load_checkpoint,
    newest_valid,
    prune,
    save_checkpoint,
    step_folder,
    step_of,
    what_is_wrong,
)


def save(parent: Path, step: int) -> Path:
    tensors = {
        "model": {"w": torch.full((4, 4), float(step)), "b": torch.arange(3)},
        "optimizer": {"w.exp_avg": torch.full((4, 4), 0.1)},
    }
    folder = step_folder(parent, step)
    save_checkpoint(folder, tensors, {"step": step, "rng": [2**63, 1.5], "note": "π"})
    return folder


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


DAMAGE: dict[str, Callable[[Path], None]] = {
    "flipped": flip,
    "truncated": truncate,
    "deleted": Path.unlink,
    "zeroed": zero,
    "emptied": lambda path: path.write_bytes(b""),
}
FILES = ("model.safetensors", "optimizer.safetensors", "state.json", "MANIFEST.json")


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    back = load_checkpoint(save(tmp_path, 3))
    assert back.state == {"step": 3, "rng": [2**63, 1.5], "note": "π"}
    assert set(back.tensors) == {"model", "optimizer"}
    assert torch.equal(back.tensors["model"]["w"], torch.full((4, 4), 3.0))
    assert torch.equal(back.tensors["model"]["b"], torch.arange(3))


def test_the_same_state_gives_the_same_bytes(tmp_path: Path) -> None:
    one, two = save(tmp_path / "a", 1), save(tmp_path / "b", 1)
    assert {p.name: p.read_bytes() for p in one.iterdir()} == {p.name: p.read_bytes() for p in two.iterdir()}
    assert sorted(path.name for path in one.iterdir()) == sorted(FILES)


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("name", FILES)
def test_damage_is_found_named_and_passed_over(tmp_path: Path, name: str, damage: str) -> None:
    save(tmp_path, 9)
    broken = save(tmp_path, 10)
    DAMAGE[damage](broken / name)
    said: list[str] = []
    with pytest.raises(ValueError, match="step-10"):
        load_checkpoint(broken)
    assert newest_valid(tmp_path, said.append) == tmp_path / "step-9"
    assert len(said) == 1
    assert "step-10.broken" in said[0]
    assert "\n" not in said[0]
    assert name in said[0] or name == "MANIFEST.json"
    assert not broken.exists()
    assert (tmp_path / "step-10.broken").is_dir()


def test_when_everything_is_broken_there_is_none(tmp_path: Path) -> None:
    for step in (1, 2):
        zero(save(tmp_path, step) / "state.json")
    said: list[str] = []
    assert newest_valid(tmp_path, said.append) is None
    assert len(said) == 2


def test_a_second_broken_one_of_a_step_is_kept_too(tmp_path: Path) -> None:
    for _ in range(2):
        zero(save(tmp_path, 5) / "state.json")
        assert newest_valid(tmp_path) is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-5.broken", "step-5.broken-2"]


@pytest.mark.parametrize(
    ("there", "name"),
    [(["step-5.broken-2"], "step-5.broken"), (["step-5.broken", "step-5.broken-3"], "step-5.broken-2")],
)
def test_one_that_was_set_aside_stays_where_an_earlier_one_was_removed(
    tmp_path: Path, there: list[str], name: str
) -> None:
    zero(save(tmp_path, 5) / "state.json")
    for one in there:
        (tmp_path / one).mkdir()
        (tmp_path / one / "kept").touch()
    assert newest_valid(tmp_path) is None
    assert (tmp_path / name / "state.json").is_file()
    assert all((tmp_path / one / "kept").is_file() for one in there)


def test_newest_means_the_highest_step_and_nothing_else(tmp_path: Path) -> None:
    for step in (9, 100, 20):
        save(tmp_path, step)
    (tmp_path / "best").mkdir()
    (tmp_path / ".step-300.x.tmp").mkdir()
    assert [path.name for path in checkpoints(tmp_path)] == ["step-100", "step-20", "step-9"]
    assert newest_valid(tmp_path) == tmp_path / "step-100"
    assert not (tmp_path / ".step-300.x.tmp").exists()
    assert newest_valid(tmp_path / "nowhere") is None


@pytest.mark.parametrize(
    ("state", "error"),
    [({"x": float("nan")}, ValueError), ({"x": float("inf")}, ValueError), ({"x": torch.ones(1)}, TypeError)],
)
def test_what_json_cannot_hold_is_refused_and_leaves_nothing(
    tmp_path: Path, state: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        save_checkpoint(tmp_path / "step-1", {}, state)
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_is_never_overwritten(tmp_path: Path) -> None:
    folder = save(tmp_path, 1)
    with pytest.raises(FileExistsError):
        save(tmp_path, 1)
    assert what_is_wrong(folder) == ""


def test_a_checkpoint_of_another_format_says_so(tmp_path: Path) -> None:
    folder = save(tmp_path, 1)
    manifest = json.loads((folder / "MANIFEST.json").read_text())
    (folder / "MANIFEST.json").write_text(json.dumps(manifest | {"format": 99}))
    assert "format 99" in what_is_wrong(folder)


def test_tied_weights_stay_tied(tmp_path: Path, tiny_model: Any) -> None:
    save_checkpoint(tmp_path / "step-1", {"model": tiny_model.state_dict()}, {})
    back = load_checkpoint(tmp_path / "step-1").tensors["model"]
    assert back["lm_head.weight"].data_ptr() == back["model.embed_tokens.weight"].data_ptr()
    assert back.keys() == tiny_model.state_dict().keys()
    assert all(torch.equal(back[name], tensor) for name, tensor in tiny_model.state_dict().items())


def test_prune_keeps_the_newest_and_the_protected(tmp_path: Path) -> None:
    for step in range(1, 7):
        save(tmp_path, step)
    removed = prune(tmp_path, keep=2, protect=[tmp_path / "step-3"])
    assert [path.name for path in removed] == ["step-4", "step-2", "step-1"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-3", "step-5", "step-6"]
    assert prune(tmp_path, keep=2, protect=[tmp_path / "step-3"]) == []


def test_prune_counts_only_those_that_verify(tmp_path: Path) -> None:
    for step in range(1, 5):
        save(tmp_path, step)
    flip(tmp_path / "step-4" / "model.safetensors")
    prune(tmp_path, keep=2)
    assert [path.name for path in checkpoints(tmp_path)] == ["step-4", "step-3", "step-2"]
    assert newest_valid(tmp_path) == tmp_path / "step-3"


class InjectedError(OSError):
    """The fault that the test below puts in."""


CALLS = ("fsync", "rename", "chmod", "mkdir", "open")


def test_a_fault_at_any_call_of_a_save_leaves_the_old_one_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every n-th call of each kind fails in turn, until a save comes through without meeting the fault."""
    for call in CALLS:
        for fail_at in range(1, 60):
            parent = tmp_path / f"{call}-{fail_at}"
            save(parent, 1)
            with monkeypatch.context() as patch:
                met = fault(patch, call, fail_at)
                with suppress(InjectedError):
                    save(parent, 2)
            found = newest_valid(parent)
            assert found is not None
            assert found.name == "step-2" or met
            assert what_is_wrong(found) == ""
            assert not list(parent.glob(".*.tmp"))
            shutil.rmtree(parent)
            if not met:
                break
        else:
            pytest.fail(f"{call} was called more often than the test reaches")


def fault(patch: pytest.MonkeyPatch, call: str, fail_at: int) -> list[str]:
    """Makes the `fail_at`-th `os.call` raise; the list returned fills when it does."""
    owner: Any = os if call == "fsync" else Path
    real, calls, met = getattr(owner, call), [0], list[str]()

    def failing(*arguments: Any, **named: Any) -> Any:
        calls[0] += 1
        if calls[0] == fail_at:
            met.append(call)
            raise InjectedError(28, "injected")
        return real(*arguments, **named)

    patch.setattr(owner, call, failing)
    return met


KILLED = """
import os, signal, sys
from contextlib import suppress
from pathlib import Path
import torch
from whet.compute import checkpoint
sync, left = os.fsync, [int(sys.argv[2])]
def fsync(descriptor):
    left[0] -= 1
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    sync(descriptor)
os.fsync = fsync
checkpoint.save_checkpoint(Path(sys.argv[1]) / "step-2", {"model": {"w": torch.ones(4)}}, {"step": 2})
"""


def test_a_save_that_is_killed_leaves_the_old_one(tmp_path: Path) -> None:
    save(tmp_path, 1)
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), "2"], check=False)
    assert done.returncode == -9
    assert list(tmp_path.glob(".step-2.*.tmp"))
    assert newest_valid(tmp_path) == tmp_path / "step-1"
    assert [path.name for path in tmp_path.iterdir()] == ["step-1"]


def test_the_manifest_is_written_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    real = Path.write_text

    def seen(self: Path, *arguments: Any, **named: Any) -> int:
        written.append(self.name)
        if self.name == checkpoint.MANIFEST:
            assert sorted(path.name for path in self.parent.iterdir()) == sorted(set(FILES) - {self.name})
        return real(self, *arguments, **named)

    monkeypatch.setattr(Path, "write_text", seen)
    save(tmp_path, 1)
    assert written[-1] == checkpoint.MANIFEST


def manifest_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "MANIFEST.json").read_text("utf-8"))
    return found


def test_the_manifest_has_the_size_and_digest_of_each_file(tmp_path: Path) -> None:
    folder = save(tmp_path, 1)
    files = {
        path.name: {"bytes": len(path.read_bytes()), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        for path in folder.iterdir()
        if path.name != "MANIFEST.json"
    }
    assert manifest_of(folder) == {"format": 1, "files": files}


def rewritten(folder: Path, **changes: Any) -> None:
    (folder / "MANIFEST.json").write_text(json.dumps({**manifest_of(folder), **changes}), encoding="utf-8")


SAID: dict[str, tuple[Callable[[Path], object], str]] = {
    "no manifest": (lambda f: (f / "MANIFEST.json").unlink(), "MANIFEST.json is missing"),
    "no folder": (lambda f: shutil.rmtree(f), "MANIFEST.json is missing"),
    "no JSON": (lambda f: (f / "MANIFEST.json").write_text("{"), "MANIFEST.json is damaged"),
    "no object": (lambda f: (f / "MANIFEST.json").write_text("[1]"), "MANIFEST.json is damaged"),
    "no files": (lambda f: (f / "MANIFEST.json").write_text("{}"), "MANIFEST.json is damaged"),
    "no list of files": (lambda f: rewritten(f, files=[]), "MANIFEST.json is damaged"),
    "another format": (
        lambda f: rewritten(f, format=2),
        "MANIFEST.json is of format 2, this version of Whet reads 1",
    ),
    "no state": (lambda f: rewritten(f, files={}), "MANIFEST.json does not list state.json"),
    "a file gone": (lambda f: (f / "model.safetensors").unlink(), "model.safetensors is missing"),
    "a file emptied": (
        lambda f: (f / "state.json").write_bytes(b""),
        "state.json has 0 bytes, not the {size} that were written",
    ),
    "a byte flipped": (
        lambda f: flip(f / "optimizer.safetensors"),
        "optimizer.safetensors is not what was written: its SHA-256 differs",
    ),
}


@pytest.mark.parametrize("case", SAID)
def test_what_is_wrong_is_said_in_these_words(case: str, tmp_path: Path) -> None:
    spoil, said = SAID[case]
    folder = save(tmp_path, 7)
    said = said.format(size=(folder / "state.json").stat().st_size)
    assert what_is_wrong(folder) == ""
    spoil(folder)
    assert what_is_wrong(folder) == said
    with pytest.raises(ValueError) as refusal:
        load_checkpoint(folder)
    assert str(refusal.value) == f"checkpoint {folder}: {said}"


def test_what_is_set_aside_is_said_in_these_words(tmp_path: Path) -> None:
    (save(tmp_path, 4) / "state.json").unlink()
    said: list[str] = []
    newest_valid(tmp_path, said.append)
    assert said == ["checkpoint step-4 is broken and set aside as step-4.broken: state.json is missing"]


@pytest.mark.parametrize(
    ("name", "step"),
    [("step-40", 40), ("step-0", 0), ("step-007", 7), ("step-", None), ("step-4.broken", None), ("xstep-4", None)],
)
def test_the_step_of_a_folder_is_in_its_name(name: str, step: int | None) -> None:
    assert step_of(Path("checkpoints") / name) == step


def test_two_stay_where_nothing_else_is_said(tmp_path: Path) -> None:
    for step in range(1, 5):
        save(tmp_path, step)
    assert [path.name for path in prune(tmp_path)] == ["step-2", "step-1"]


def test_what_is_protected_may_be_named_in_any_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for step in range(1, 5):
        save(tmp_path, step)
    monkeypatch.chdir(tmp_path)
    assert [path.name for path in prune(tmp_path, keep=1, protect=[Path("step-2")])] == ["step-3", "step-1"]


def test_sweeping_takes_leftovers_and_nothing_else(tmp_path: Path) -> None:
    for name in (".step-3.abc.tmp", ".hidden", "notes.tmp"):
        (tmp_path / name).mkdir()
    assert newest_valid(tmp_path) is None
    assert sorted(path.name for path in tmp_path.iterdir()) == [".hidden", "notes.tmp"]


def test_every_file_is_on_the_disk_before_the_manifest_speaks_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    write = Path.write_text

    def seen(self: Path, *arguments: Any, **named: Any) -> int:
        order.append(f"write {self.name}")
        return write(self, *arguments, **named)

    monkeypatch.setattr(Path, "write_text", seen)
    monkeypatch.setattr(checkpoint, "fsync", lambda path: order.append(f"fsync {path.name}"))
    save(tmp_path, 1)
    before = order[: order.index("write MANIFEST.json")]
    assert {f"fsync {name}" for name in FILES if name != "MANIFEST.json"} <= set(before)
