"""Verifiers that the data brings along decide; where there is none, the gold answer does."""

import pytest

from whet.rewards.verifier import is_right, marks


def makes_24(answer: str) -> float:
    return {"8 * 3": 1.0, "4 * 6": 1.0, "8 * 2": 0.05}.get(answer, 0.0)


@pytest.mark.parametrize(("answer", "right"), [("8 * 3", True), ("4 * 6", True), ("8 * 2", False), (" ", False)])
def test_a_verifier_decides(answer: str, right: bool) -> None:
    assert is_right(answer, "8 * 3", makes_24) is right


def test_without_a_verifier_the_gold_answer_decides() -> None:
    assert is_right("24.0", "24")
    assert not is_right("8 * 3", "24")
    assert is_right("24", "24", "a column that is no function")  # type: ignore[arg-type]


def test_marks() -> None:
    assert [marks(answer, "8 * 3", makes_24) for answer in ("4 * 6", "8 * 2", "")] == [1.0, 0.05, 0.0]
    assert [marks(answer, "24") for answer in ("24", "25", "")] == [1.0, 0.0, 0.0]
