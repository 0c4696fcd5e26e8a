"""Two evaluations, paired."""

import json

import pytest

from whet.eval.comparison import Comparison, p_text, points
from whet.eval.record import Record


def record(id: int, correct: bool, lenient: bool | None = None) -> Record:
    return Record(
        id=str(id),
        question=f"question {id}",
        gold="4",
        response="4" if correct else "5",
        answer="4" if correct else None,
        correct=correct,
        lenient=correct if lenient is None else lenient,
        formatted=True,
        tokens=1,
        finish="stop",
    )


def comparison(both: int, fixed: int, broken: int, neither: int) -> Comparison:
    sides = [(True, True)] * both + [(False, True)] * fixed
    sides += [(True, False)] * broken + [(False, False)] * neither
    pairs = tuple((record(id, a), record(id, b)) for id, (a, b) in enumerate(sides))
    return Comparison("before", "after", pairs)


def test_a_gain_in_words() -> None:
    # 61 of 256 = 23.8 points
    found = comparison(both=40, fixed=70, broken=9, neither=137)
    assert found.sentence.startswith("B answers 61 more of 256 problems: +23.8 points, 95 % interval [+")
    assert found.sentence.endswith("B is better.")
    assert found.verdict == "better"
    assert (len(found.fixed), len(found.broken)) == (70, 9)
    assert [a.correct for a, _ in found.fixed] == [False] * 70
    assert [b.correct for _, b in found.broken] == [False] * 9


def test_a_loss_in_words() -> None:
    found = comparison(both=40, fixed=9, broken=70, neither=137)
    assert found.sentence.startswith("B answers 61 fewer of 256 problems: -23.8 points")
    assert found.verdict == "worse"


def test_no_change_in_words() -> None:
    found = comparison(both=10, fixed=5, broken=5, neither=10)
    assert found.sentence.startswith("B answers as many of 30 problems: +0.0 points")
    assert "p = 1." in found.sentence
    assert found.verdict == "undecided"


def test_few_problems_leave_it_undecided() -> None:
    # 3 fixed of 3 that switched: p = 2 · (1/2)³ = 0.25
    found = comparison(both=1, fixed=3, broken=0, neither=6)
    assert found.strict.p_value == 0.25
    assert found.verdict == "undecided"
    assert "chance" in found.sentence


def test_the_lenient_change_is_measured_apart() -> None:
    # B gains layout only: every answer was there before
    pairs = tuple((record(id, False, lenient=True), record(id, True)) for id in range(20))
    found = Comparison("before", "after", pairs)
    assert found.strict.difference == 1.0
    assert (found.lenient.difference, found.lenient.fixed) == (0.0, 0)


def test_it_is_json() -> None:
    row = comparison(both=4, fixed=7, broken=1, neither=8).as_dict(examples=2)
    assert json.loads(json.dumps(row)) == row
    assert (row["problems"], row["strict"]["fixed"], row["strict"]["broken"]) == (20, 7, 1)
    assert (row["a"]["correct"], row["b"]["correct"]) == (5, 11)
    assert (row["a"]["name"], row["b"]["name"]) == ("before", "after")
    assert row["fixed"][0] == {"id": "4", "question": "question 4", "gold": "4", "a": None, "b": "4"}
    assert (len(row["fixed"]), len(row["broken"])) == (2, 1)


@pytest.mark.parametrize(
    ("value", "text"), [(2.6e-12, "p = 3e-12"), (0.031, "p = 0.03"), (1.0, "p = 1"), (0.0, "p < 1e-300")]
)
def test_p_values_are_short(value: float, text: str) -> None:
    assert p_text(value) == text


def test_points_carry_their_sign() -> None:
    assert (points(0.0), points(-0.031), points(1.0)) == ("+0.0", "-3.1", "+100.0")
