"""What is said while a run goes."""

import errno
import logging
from pathlib import Path

import pytest
from safetensors import SafetensorError

from whet.errors import UserError
from whet.runs.reader import RunReader
from whet.runs.train_log import TrainLog, warnings_to
from whet.runs.writer import RunWriter
from wiring import listening


def told(run: RunWriter) -> list[str]:
    return [line.split(" ", 1)[1] for line in RunReader(run.path).log().splitlines()]


@pytest.fixture
def run(tmp_path: Path) -> RunWriter:
    return RunWriter.create(tmp_path, "", {})


def test_what_was_said_before_the_run_waits_for_it(run: RunWriter) -> None:
    lines, view = listening()
    train_log = TrainLog(view)
    train_log.view.phase("Load", None)
    train_log.view.note("converting weights")
    assert not (run.path / "train.log").exists()
    train_log.begin(run)
    train_log.view.note("on we go")
    assert told(run) == lines == ["[Load]", "converting weights", "on we go"]


def test_a_run_that_ends_well_says_so(run: RunWriter) -> None:
    train_log = TrainLog(listening()[1])
    with train_log.record_outcome(run):
        pass
    assert told(run) == ["finished"]


def test_a_run_that_is_interrupted_says_where_it_is(run: RunWriter) -> None:
    lines, view = listening()
    train_log = TrainLog(view)
    train_log.begin(run)
    with pytest.raises(KeyboardInterrupt), train_log.record_outcome(run):
        raise KeyboardInterrupt
    assert told(run) == lines == [f"interrupted; `whet resume {run.path}` goes on"]


def test_a_full_disk_is_the_users_to_fix(run: RunWriter) -> None:
    train_log = TrainLog(listening()[1])
    with (
        pytest.raises(UserError, match="No space left on device \\(/x/y\\); make room, then `whet resume"),
        train_log.record_outcome(run),
    ):
        raise OSError(errno.ENOSPC, "No space left on device", "/x/y")


def test_a_full_disk_met_inside_a_library_is_too(run: RunWriter) -> None:
    """safetensors and sqlite raise errors of their own, which tell of it in words."""
    said = "Error while serializing: I/O error: No space left on device (os error 28)"
    with (
        pytest.raises(UserError, match=r"^run\.folder: No space left on device; make room, then `whet resume"),
        TrainLog(listening()[1]).record_outcome(run),
    ):
        raise SafetensorError(said)


def test_what_the_user_can_fix_is_logged_in_a_line(run: RunWriter) -> None:
    with pytest.raises(UserError), TrainLog(listening()[1]).record_outcome(run):
        raise UserError("seed: is -1")
    assert told(run) == ["stopped: seed: is -1"]


def test_anything_else_is_logged_with_its_traceback(run: RunWriter) -> None:
    with pytest.raises(ZeroDivisionError), TrainLog(listening()[1]).record_outcome(run):
        _ = 1 / 0
    log = RunReader(run.path).log()
    assert "failed:\nTraceback" in log
    assert log.rstrip().endswith("ZeroDivisionError: division by zero")


def test_warnings_of_the_package_are_notes(capsys: pytest.CaptureFixture[str]) -> None:
    lines, view = listening()
    logger = logging.getLogger("whet.data")
    with warnings_to(view):
        logger.warning("%s: left out %d rows", "x.jsonl", 3)
        logger.info("not worth a note")
        logging.getLogger("other").warning("not ours")
    before = list(lines)
    logger.warning("the block is over")
    assert before == lines == ["x.jsonl: left out 3 rows"]
    assert "left out" not in capsys.readouterr().err
