"""A process that follows a run leaves its folder as it is."""

import inspect
from pathlib import Path

from whet.runs.follower import RunFollower
from whet.runs.writer import RunWriter


def test_a_follower_writes_nothing(tmp_path: Path) -> None:
    follower = RunFollower(tmp_path)
    assert not follower.writes
    follower.record(3, (), (), {"loss": 1.0})
    assert follower.next_step == 4
    follower.rewind(2)
    assert list(follower.steps(5)) == [2, 3, 4]
    for name, method in inspect.getmembers(RunWriter, inspect.isfunction):
        if name.startswith("record_"):
            getattr(follower, name)(*[None] * (len(inspect.signature(method).parameters) - 1))
    follower.log("a line")
    follower.close()
    assert list(tmp_path.iterdir()) == []


def test_a_follower_needs_no_lock(tmp_path: Path) -> None:
    with RunWriter.create(tmp_path, "seed: 1\n", {}, name="run") as writer, RunFollower(writer.path) as follower:
        assert follower.checkpoints == writer.checkpoints
        assert writer.writes


def test_all_that_writes_is_silenced() -> None:
    """A method that a later writer gets must not be forgotten here."""
    own = vars(RunFollower)
    writing = [name for name in vars(RunWriter) if name.startswith("record") or name in ("log", "rewind", "close")]
    assert [name for name in writing if name not in own] == []
