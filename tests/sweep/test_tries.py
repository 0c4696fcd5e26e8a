"""Counting tries of a trial that was broken off."""

from pathlib import Path

from sweep.fake_runs import write_trial
from whet.runs.writer import RunWriter
from whet.sweep.trial_folder import Trial, folder_of
from whet.sweep.tries import broken_off


def _trial(sweep: Path, number: int) -> Trial:
    return Trial(number, folder_of(sweep, number), {}, "half")


def test_tries_count_by_trial_and_step(tmp_path: Path) -> None:
    one, other = _trial(tmp_path, 1), _trial(tmp_path, 2)
    assert [broken_off(tmp_path, one), broken_off(tmp_path, other), broken_off(tmp_path, one)] == [1, 1, 2]
    write_trial(tmp_path, 1, {})
    assert broken_off(tmp_path, one) == 3  # a folder, and no step
    with RunWriter.reopen(one.path) as run:
        run.record_metrics("grpo", 0, {"loss": 0.0})
    assert broken_off(tmp_path, one) == 1  # a step more


def test_steps_of_the_warm_start_count_too(tmp_path: Path) -> None:
    one = _trial(tmp_path, 1)
    write_trial(tmp_path, 1, {})
    for step in range(3):
        with RunWriter.reopen(one.path) as run:
            run.record_metrics("sft", step, {"loss": 0.0})
        assert broken_off(tmp_path, one) == 1
    assert broken_off(tmp_path, one) == 2
