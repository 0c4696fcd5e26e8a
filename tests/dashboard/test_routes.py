"""Every question that the page can ask, on a real run folder: it is answered, and with strict JSON."""

from pathlib import Path
from typing import Any

import pytest

from page_runs import page_run
from whet import __version__
from whet.dashboard.json_reply import encoded
from whet.dashboard.library import Library
from whet.dashboard.query import Query
from whet.dashboard.routes import OF_A_RUN, TOGETHER, answer_of, opened, search_answer
from whet.errors import UserError

MORE = {
    "/api/group": {"step": "1", "group": "0"},
    "/api/rollout": {"step": "1", "group": "0", "sample": "2"},
    "/api/problem": {"problem": "p-0"},
}


@pytest.fixture
def library(tmp_path: Path) -> Library:
    page_run(tmp_path / "a")
    page_run(tmp_path / "b")
    return Library(tmp_path)


def ask(library: Library, path: str, *ids: str, **query: str) -> Any:
    return answer_of(library, path, Query({"run": ids[0] if ids else "", **query}), list(ids))


@pytest.mark.parametrize("path", OF_A_RUN)
def test_every_question_about_a_run_is_answered(library: Library, path: str) -> None:
    found = ask(library, path, "a", **MORE.get(path, {}))
    assert isinstance(found, dict)
    assert found
    assert encoded(found).startswith(b"{")


@pytest.mark.parametrize("path", OF_A_RUN)
def test_every_question_needs_a_run(library: Library, path: str) -> None:
    with pytest.raises(UserError, match="run: is missing"):
        ask(library, path)


def test_the_list_of_runs_is_sent_once(library: Library) -> None:
    found = ask(library, "/api/runs")
    assert ([row["id"] for row in found["runs"]], found["whet"]) == (["b", "a"], __version__)
    found = ask(library, "/api/runs")
    assert ask(library, "/api/runs", known=found["version"]) == {"version": found["version"], "same": True}
    assert "runs" in ask(library, "/api/runs", known="other")


def test_several_runs_at_once(library: Library) -> None:
    found = ask(library, "/api/curves", "a", "b", names="reward")
    assert [one["run"] for one in found["runs"]] == ["a", "b"]
    assert ask(library, "/api/diff", "a", "b")["rows"] == []
    with pytest.raises(UserError, match=f"name 1 to {TOGETHER} runs"):
        opened(library, ["a"] * (TOGETHER + 1))


def test_two_runs_side_by_side(library: Library) -> None:
    assert ask(library, "/api/evaluation", "a", other="b", before="final", after="base")["piles"]["broken"] == 2


def test_filters_come_through(library: Library) -> None:
    query = {"finish": "length", "from": "2", "to": "3", "correct": "0", "part": "reward", "max": "0.5", "limit": "5"}
    assert ask(library, "/api/rollouts", "a", **query)["total"] == 1
    assert ask(library, "/api/rollouts", "a", correct="1")["total"] == 19


def test_windows_come_through(library: Library) -> None:
    assert ask(library, "/api/steps", "a", **{"from": "1", "to": "2", "cells": "1"})["cells"]["last"] == [2]


def test_the_newest_step_and_a_number(library: Library) -> None:
    assert ask(library, "/api/step", "a")["step"] == ask(library, "/api/step", "a", step="last")["step"] == 3
    assert ask(library, "/api/step", "a", step="1", chars="3")["groups"][0]["samples"][0]["text"] == "<th"


def test_a_search_takes_its_parameters(library: Library) -> None:
    found = list(search_answer(library.open("a"), Query({"q": "THINK", "case": "1"})))
    assert found[-1]["hits"] == 0
    assert list(search_answer(library.open("a"), Query({"q": "think", "limit": "2"})))[-1]["full"]


def test_a_path_that_is_none(library: Library) -> None:
    with pytest.raises(KeyError):
        ask(library, "/api/nothing", "a")
