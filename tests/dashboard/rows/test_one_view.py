"""What `whet show` is asked for."""

from pathlib import Path

import pytest

from page_runs import page_run
from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.group_view import group_view
from whet.dashboard.rows.one_view import one_view
from whet.dashboard.rows.step_view import step_view
from whet.errors import UserError


@pytest.fixture
def run(tmp_path: Path) -> OpenRun:
    return OpenRun(page_run(tmp_path / "r"))


def test_each_question_has_its_view(run: OpenRun) -> None:
    assert one_view(run, None, None, None)[0] == "overview"
    assert one_view(run, 1, None, None) == ("step", step_view(run, 1))
    assert one_view(run, 1, 0, None) == ("group", group_view(run, 1, 0))
    assert one_view(run, None, None, None, newest=True)[1]["step"] == 3


def test_a_problem_is_indexed_first(run: OpenRun) -> None:
    kind, found = one_view(run, None, None, "p-0")
    assert (kind, len(found["visits"]), found["indexed"]["whole"]) == ("problem", 4, True)


def test_what_does_not_go_together_is_refused(run: OpenRun) -> None:
    with pytest.raises(UserError, match="--group: is a group of one step"):
        one_view(run, None, 1, None)
    with pytest.raises(UserError, match="--problem: is over all steps"):
        one_view(run, 1, None, "p-0")
