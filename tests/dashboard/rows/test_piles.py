"""Before and after, problem by problem."""

from pathlib import Path

import pytest

from page_runs import page_run, write_evaluation
from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows.missing import MissingError
from whet.dashboard.rows.piles import compared, piles
from whet.errors import UserError
from whet.eval.statistics import paired_difference


@pytest.fixture
def run(tmp_path: Path) -> OpenRun:
    """base: 0 and 1 are right; final: 1, 2 and 3."""
    return OpenRun(page_run(tmp_path / "r"))


def test_four_piles_by_hand(run: OpenRun) -> None:
    found = piles(run)
    assert (found["before"], found["after"], found["problems"]) == ("base", "final", 5)
    assert found["piles"] == {"fixed": 2, "broken": 1, "right": 1, "wrong": 1}
    assert (found["pile"], found["total"]) == ("fixed", 2)
    assert [pair["problem"] for pair in found["pairs"]] == ["t-2", "t-3"]
    expected = paired_difference([True, True, False, False, False], [False, True, True, True, False])
    assert found["strict"]["low"] == expected.low
    assert found["verdict"] == "undecided"
    assert found["sentence"].startswith("B answers 1 more of 5 problems")


@pytest.mark.parametrize(("pile", "ids"), [("broken", ["t-0"]), ("right", ["t-1"]), ("wrong", ["t-4"])])
def test_each_pile_opens(run: OpenRun, pile: str, ids: list[str]) -> None:
    assert [pair["problem"] for pair in piles(run, pile=pile)["pairs"]] == ids


def test_a_pair_says_where_it_first_differs(run: OpenRun) -> None:
    pair = piles(run)["pairs"][0]
    assert pair["before"]["response"] == "<think>x</think> <answer>0</answer>"
    assert pair["after"]["response"] == "<think>x</think> <answer>7</answer>"
    assert pair["differs"] == len("<think>x</think> <answer>")
    assert (pair["before"]["correct"], pair["after"]["correct"]) == (False, True)


def test_texts_and_pages(run: OpenRun) -> None:
    assert [pair["problem"] for pair in piles(run, text="3 + 5")["pairs"]] == ["t-3"]
    assert [pair["problem"] for pair in piles(run, offset=1, limit=1)["pairs"]] == ["t-3"]


def test_another_run_may_be_the_later_side(run: OpenRun, tmp_path: Path) -> None:
    other = page_run(tmp_path / "other")
    write_evaluation(other, "final", {0, 1, 2, 3, 4})
    found = piles(run, before="final", after="final", other=OpenRun(other))
    assert found["piles"] == {"fixed": 2, "broken": 0, "right": 3, "wrong": 0}
    assert [one["stage"] for one in found["others"]] == ["base", "final"]


def test_one_evaluation_alone_has_two_piles(run: OpenRun) -> None:
    for name in ("final.json", "final.jsonl"):
        (run.path / "eval" / name).unlink()
    found = piles(run)
    assert (found["before"], found["after"], found["strict"]) == (None, "base", None)
    assert found["piles"] == {"fixed": 0, "broken": 0, "right": 2, "wrong": 3}
    assert [pair["before"] for pair in found["pairs"]] == [None] * 3
    assert compared(run) is None


def test_no_evaluation_at_all(run: OpenRun) -> None:
    for path in (run.path / "eval").iterdir():
        path.unlink()
    found = piles(run)
    assert (found["stages"], found["after"], found["pairs"], found["problems"]) == ([], None, [], 0)


def test_problems_whose_text_differs_are_not_paired(run: OpenRun) -> None:
    path = run.path / "eval" / "final.jsonl"
    path.write_text(path.read_text().replace("What is 2 + 5?", "What is 2 plus 5?"))
    found = piles(run)
    assert (found["problems"], found["only_before"], found["only_after"]) == (4, 1, 1)


def test_stages_and_piles_that_there_are_not(run: OpenRun) -> None:
    with pytest.raises(MissingError, match="before: this run has no evaluation 'sft'; it has base, final"):
        piles(run, before="sft")
    with pytest.raises(UserError, match="pile: is 'best'"):
        piles(run, pile="best")
