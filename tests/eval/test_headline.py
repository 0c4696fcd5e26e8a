"""The first sentence on a result."""

import pytest

from tests.eval.test_comparison import record
from whet.eval.comparison import Comparison
from whet.eval.headline import HEADLINES, headline

Side = tuple[bool, bool]
"""(strict, lenient)"""


def comparison(*changes: tuple[Side, Side, int]) -> Comparison:
    """`(before, after, how often)` → a comparison of as many problems."""
    sides = [(before, after) for before, after, count in changes for _ in range(count)]
    return Comparison("A", "B", tuple((record(id, *a), record(id, *b)) for id, (a, b) in enumerate(sides)))


NO, PLACED, ELSEWHERE = (False, False), (True, True), (False, True)


def test_layout_bought_with_reasoning_is_said_first() -> None:
    # 80 problems. Before: 13 right anywhere (16.25 %), none in place. After: 7 in place (8.75 %), those alone.
    found = headline(comparison((ELSEWHERE, PLACED, 4), (ELSEWHERE, NO, 9), (NO, PLACED, 3), (NO, NO, 64)))
    assert found.startswith(
        "What was gained is layout: answers in the format's place rose from 0.0 to 8.8 % (+8.8 points"
    )
    assert "right anywhere fell from 16.2 to 8.8 % (-7.5 points" in found


def test_a_fall_that_may_be_chance_says_so() -> None:
    # one problem broken and none fixed: p = 1 by the exact test
    found = headline(comparison((ELSEWHERE, PLACED, 10), (ELSEWHERE, NO, 1), (NO, NO, 20)))
    assert found.startswith("What was gained is layout")
    assert found.endswith("p = 1, may be chance).")


def test_reasoning_gained() -> None:
    found = headline(comparison((NO, PLACED, 30), (NO, NO, 20)))
    assert found.startswith("More problems are solved: answers in the format's place rose from 0.0 to 60.0 %")
    assert "chance" not in found


def test_what_was_right_before_elsewhere_is_layout() -> None:
    found = headline(comparison((ELSEWHERE, PLACED, 30), (NO, NO, 20)))
    assert found.startswith("What is certain is a gain in layout")
    assert "right anywhere went from 60.0 to 60.0 % (+0.0 points" in found


def test_a_fall() -> None:
    assert headline(comparison((PLACED, NO, 30), (NO, NO, 20))).startswith("Accuracy fell")


def test_too_few_problems_decide_nothing() -> None:
    assert headline(comparison((NO, PLACED, 1), (NO, NO, 9))).startswith("No gain is certain")


@pytest.mark.parametrize("row", HEADLINES, ids=lambda row: row.name)
def test_every_sentence_has_both_accuracies(row: object) -> None:
    sentence = row.sentence  # type: ignore[attr-defined]
    assert all(f"{{{name}}}" in sentence for name in ("strict", "lenient", "gain", "change"))
