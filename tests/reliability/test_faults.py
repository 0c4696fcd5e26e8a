"""R2, R5, R7: a disk that fails, fills up or forgets; there is always a checkpoint to go on from."""

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from crashes import contents, in_child, killing_itself, striking
from whet.api import resume, train
from whet.compute.checkpoint import checkpoints, newest_valid, prune, save_checkpoint, step_folder, what_is_wrong
from whet.errors import UserError
from whet.runs.reader import RunReader
from whet.runs.views.view import PlainView
from wiring import listening, shrunk, write_rewards

SILENT = PlainView(lambda line: None)


def save(parent: Path, step: int) -> None:
    """As after a step: the new one, and then older ones go."""
    tensors = {"optimizer": {"weight": torch.full((8,), float(step))}}
    save_checkpoint(step_folder(parent, step), tensors, {"step": step})
    prune(parent, 2)


def two_saved(parent: Path) -> None:
    for step in (1, 2):
        save(parent, step)


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> int:
    """How often a save touches the disk, the removal of an old checkpoint included."""
    folder = tmp_path_factory.mktemp("count")
    two_saved(folder)

    def count() -> None:
        told = striking(0, lambda: None)
        save(folder, 3)
        (folder / "events").write_bytes(bytes([told()]))

    assert in_child(count) == 0
    return (folder / "events").read_bytes()[0]


def test_a_save_that_is_killed_at_any_touch_of_the_disk(events: int, tmp_path: Path) -> None:
    """R2, a process that dies: the new one or the two before, and always whole."""
    assert events > 12
    for count in range(1, events + 1):
        folder = tmp_path / str(count)
        two_saved(folder)

        def die(folder: Path = folder, count: int = count) -> None:
            striking(count, killing_itself)
            save(folder, 3)

        assert in_child(die) == -9
        said: list[str] = []
        assert newest_valid(folder, said.append) in (folder / "step-2", folder / "step-3")
        assert said == [], "nothing half-written was ever called a checkpoint"
        save(folder, 4)
        assert checkpoints(folder)[0].name == "step-4"
        assert not list(folder.glob(".*.tmp"))


def test_a_save_that_fails_at_any_touch_of_the_disk(events: int, tmp_path: Path) -> None:
    """R2, a disk that refuses: the error is raised, and what was saved before is whole."""
    for count in range(1, events + 1):
        folder = tmp_path / str(count)
        two_saved(folder)

        def fail(folder: Path = folder, count: int = count) -> None:
            def refuse() -> None:
                raise OSError(errno.EIO, "input/output error")

            striking(count, refuse)
            try:
                save(folder, 3)
            except OSError:
                os._exit(3)

        assert in_child(fail) in (0, 3), "what only tidies up may fail unheard"
        valid = [path.name for path in checkpoints(folder) if not what_is_wrong(path)]
        assert len(valid) >= 2
        assert newest_valid(folder) is not None


DAMAGE = {
    "a byte flipped": lambda content: bytes([content[0] ^ 1]) + content[1:],
    "truncated": lambda content: content[: len(content) // 2],
    "emptied": lambda content: b"",
    "zeroed": lambda content: bytes(len(content)),
    "deleted": None,
}


def settings(folder: Path) -> dict[str, Any]:
    """What the runs of these tests change in the small quickstart; `folder` gets their reward functions."""
    return {
        "rewards": [f"{write_rewards(folder)}:digits"],
        "sft.when": "never",
        "grpo.steps": 3,
        "grpo.objective.beta": 0.1,
        "run.save_every": 1,
        "run.name": "it",
    }


@pytest.fixture(scope="module")
def finished(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    return train(shrunk(tiny_folder, folder, settings(folder)), view=SILENT).path


FILES = ["MANIFEST.json", "state.json", "optimizer.safetensors", "reference.safetensors"]


def damage_file(path: Path, damage: str) -> None:
    how = DAMAGE[damage]
    path.write_bytes(how(path.read_bytes())) if how else path.unlink()


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_checkpoint_is_set_aside_and_the_one_before_taken(
    finished: Path, tmp_path: Path, name: str, damage: str
) -> None:
    """R5: found by the manifest, whichever file it is, and named in a line."""
    shutil.copytree(finished / "checkpoints", tmp_path / "checkpoints")
    damage_file(tmp_path / "checkpoints" / "step-3" / name, damage)
    said: list[str] = []
    newest = newest_valid(tmp_path / "checkpoints", said.append)
    assert newest is not None
    assert newest.name == "step-2"
    (line,) = said
    assert "set aside" in line
    assert name in line


@pytest.mark.parametrize(("name", "damage"), list(zip(FILES, DAMAGE, strict=False)))
def test_a_run_with_a_damaged_checkpoint_ends_in_the_same_bytes(
    finished: Path, tmp_path: Path, name: str, damage: str
) -> None:
    """R5, of a run that was killed before its result was saved."""
    whole, run = contents(finished), tmp_path / "it"
    shutil.copytree(finished, run)
    shutil.rmtree(run / "final")
    damage_file(run / "checkpoints" / "step-3" / name, damage)
    lines, view = listening()
    resume(run, view=view)
    (said,) = (line for line in lines if "set aside" in line)
    assert name in said
    assert "resume: going on after step 2 of 3" in lines
    assert contents(run) == whole


def full_disk(monkeypatch: pytest.MonkeyPatch, count: int, why: int = errno.ENOSPC) -> None:
    """From the `count`-th fsync on nothing more fits."""
    seen, fsync = 0, os.fsync

    def full(descriptor: int) -> None:
        nonlocal seen
        seen += 1
        if seen >= count:
            raise OSError(why, os.strerror(why))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full)


@pytest.mark.parametrize(
    "count", [10, 22, 30, 40, 52, *(pytest.param(count, marks=pytest.mark.slow) for count in (16, 26, 34, 46))]
)
def test_a_full_disk_stops_a_run_cleanly(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, finished: Path, count: int
) -> None:
    """R7: while saving, logging, writing rollouts; with room again, the run ends as if nothing had happened."""
    with monkeypatch.context() as patch:
        full_disk(patch, count)
        with pytest.raises(UserError, match=r"^run.folder: No space left on device.*whet resume .*/it` goes on"):
            train(shrunk(tiny_folder, tmp_path, settings(finished.parent)), view=SILENT)
    run = tmp_path / "it"
    assert all(not what_is_wrong(path) for path in checkpoints(run / "checkpoints"))
    resume(run, view=SILENT)
    assert contents(run) == contents(finished)
    assert RunReader(run).owner is None


def test_a_disk_that_is_full_for_a_library_stops_a_run_cleanly(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, finished: Path
) -> None:
    """R7: safetensors raises an error of its own while the second checkpoint is written; then there is room again."""
    import safetensors.torch

    real, made = safetensors.torch.save_file, list[Path]()

    def full(tensors: Any, path: Path, **options: Any) -> None:
        made.append(path)
        if len(made) > 3:
            raise safetensors.SafetensorError(
                "Error while serializing: I/O error: No space left on device (os error 28)"
            )
        real(tensors, path, **options)

    with monkeypatch.context() as patch:
        patch.setattr(safetensors.torch, "save_file", full)
        with pytest.raises(UserError, match=r"^run.folder: No space left on device; make room, then `whet resume"):
            train(shrunk(tiny_folder, tmp_path, settings(finished.parent)), view=SILENT)
    run = tmp_path / "it"
    saved = checkpoints(run / "checkpoints")
    assert saved
    assert all(not what_is_wrong(path) for path in saved)
    assert "failed" not in RunReader(run).log()
    lines, view = listening()
    resume(run, view=view)
    assert any(line.startswith("resume: going on after step") for line in lines)
    assert contents(run) == contents(finished)


def test_rewards_that_changed_before_resume_are_told_of(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewards = write_rewards(tmp_path)
    changes = {"rewards": [f"{rewards}:digits"], "sft.when": "never", "run.name": "it", "grpo.steps": 1}
    with monkeypatch.context() as patch:
        full_disk(patch, 12)
        with pytest.raises(UserError, match="make room"):
            train(shrunk(tiny_folder, tmp_path, changes), view=SILENT)
    rewards.write_text(rewards.read_text("utf-8") + "\n# mended\n", encoding="utf-8")
    lines, view = listening()
    resume(tmp_path / "it", view=view)
    said = [line for line in lines if "has changed" in line]
    assert said == [f"resume: {rewards} has changed since the run began: its rewards may be others from here on"]


def test_an_error_of_another_kind_is_no_full_disk(tiny_folder: Path, tmp_path: Path, monkeypatch: Any) -> None:
    with monkeypatch.context() as patch:
        full_disk(patch, 10, errno.EBADF)
        with pytest.raises(OSError, match="Bad file descriptor"):
            train(shrunk(tiny_folder, tmp_path), view=SILENT)
