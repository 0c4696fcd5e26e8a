"""The end of the log."""

from pathlib import Path

import pytest

from page_runs import page_run
from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows import log_view
from whet.dashboard.rows.log_view import log


def test_the_last_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = OpenRun(page_run(tmp_path / "r"))
    whole = log(run)
    assert (len(whole["lines"]), whole["more"]) == (3, False)
    assert log(run, 1) == {"lines": ["2026-11-01T10:02:00+00:00 finished"], "more": True}
    monkeypatch.setattr(log_view, "MOST", 10)
    assert log(run)["more"]
    (run.path / "train.log").unlink()
    assert log(run) == {"lines": [], "more": False}
