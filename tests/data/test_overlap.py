"""The same question in other clothes is found; another question in the same clothes is not."""

from pathlib import Path

import pytest

from whet.data.arithmetic import Arithmetic
from whet.data.gsm8k import load_gsm8k
from whet.data.overlap import normalised, overlap, refuse_overlap
from whet.errors import UserError
from whet.types import Problem


def problems(*questions: str) -> list[Problem]:
    return [Problem(question, question, "1") for question in questions]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What is 3 + 4?", "what is   3+4"),
        ("It costs $1,200.", "It costs $1200"),
        ("Janet’s ducks lay “16” eggs.", "Janet's ducks lay '16' eggs"),
        ("3 × 4", "3 * 4"),
        ("7 − 2", "7 - 2"),
        ("ﬁnd ½", "FIND 1⁄2"),
    ],
)
def test_the_same_question(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What is 3 + 4?", "What is 3 - 4?"),
        ("3.5 + 1", "35 + 1"),
        ("f(1,2)", "f(12)"),
        ("5! = ?", "5 = ?"),
        ("(3 + 4) * 5", "3 + (4 * 5)"),
        ("3:4", "34"),
        ("√2", "2"),
        ("12 3", "1 23"),
    ],
)
def test_another_question(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)


def test_an_overlap_is_refused_with_its_count_and_an_example() -> None:
    train = problems("What is 1 + 1?", "What is 2 + 2?", "what is 1+1", "What is 3 + 3?")
    test = problems("What is 2+2 ?", "What is 1 + 1?", "What is 9 + 9?")
    assert len(overlap(train, test)) == 2
    with pytest.raises(UserError, match=r"data.test: 2 held-out questions .* such as 'What is 1 \+ 1\?'"):
        refuse_overlap(train, test)
    refuse_overlap(train, test[2:])


def test_gsm8k_train_and_test_share_nothing_until_one_question_leaks(shared: Path) -> None:
    train, test = (load_gsm8k(split, str(shared / "gsm8k")) for split in ("train", "test"))
    refuse_overlap(train, test)
    leaked = Problem("leak", test[700].question.upper().replace(",", " , "), test[700].answer)
    with pytest.raises(UserError, match="1 held-out questions are also trained on"):
        refuse_overlap([*train, leaked], test)


def test_an_endless_source_is_believed_when_it_is_disjoint_and_sampled_otherwise() -> None:
    refuse_overlap(Arithmetic("train"), Arithmetic("test"))
    with pytest.raises(UserError, match="also trained on"):
        refuse_overlap(Arithmetic("train", level=1), problems("What is 3 + 4?", "What is 4 + 3?", "What is 2 - 1?"))
    with pytest.raises(UserError, match="also trained on"):
        refuse_overlap(Arithmetic("train", level=1), Arithmetic("train", level=1, seed=1))
