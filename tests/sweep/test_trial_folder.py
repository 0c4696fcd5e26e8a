"""A trial is what its run folder says."""

from pathlib import Path

from sweep.fake_runs import write_trial
from whet.sweep.space import Space
from whet.sweep.trial_folder import folder_of, read_trial

SPACE = Space({"grpo.group_size": ("int", (2, 16))})


def test_a_finished_trial(tmp_path: Path) -> None:
    path = write_trial(tmp_path, 3, {"grpo.group_size": 6}, 0.5, {10: 0.25, 20: 0.375})
    found = read_trial(tmp_path, 3, SPACE, {})
    assert found is not None
    assert (found.state, found.path, found.values) == ("finished", path, {"grpo.group_size": 6})
    assert (found.accuracy, found.interval, found.between) == (0.5, (0.4, 0.6), {10: 0.25, 20: 0.375})
    assert found.problems == {"problem-0", "problem-1"}


def test_a_trial_that_was_killed_is_half_done(tmp_path: Path) -> None:
    write_trial(tmp_path, 0, {"grpo.group_size": 6}, between={10: 0.25})
    found = read_trial(tmp_path, 0, SPACE, {})
    assert found is not None
    assert (found.state, found.accuracy, found.between) == ("half", None, {10: 0.25})


def test_a_verdict_counts(tmp_path: Path) -> None:
    write_trial(tmp_path, 0, {"grpo.group_size": 6}, between={10: 0.25})
    found = read_trial(tmp_path, 0, SPACE, {0: {"state": "pruned", "why": "after step 10"}})
    assert found is not None
    assert (found.state, found.why, found.values) == ("pruned", "after step 10", {"grpo.group_size": 6})
    failed = read_trial(
        tmp_path, 1, SPACE, {1: {"state": "failed", "why": "no room", "values": {"grpo.group_size": 9}}}
    )
    assert failed is not None
    assert (failed.state, failed.values) == ("failed", {"grpo.group_size": 9})


def test_what_has_not_begun_is_none(tmp_path: Path) -> None:
    assert read_trial(tmp_path, 0, SPACE, {}) is None
    folder_of(tmp_path, 1).mkdir()  # killed before its manifest was written
    assert read_trial(tmp_path, 1, SPACE, {}) is None
