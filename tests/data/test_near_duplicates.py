"""Near-duplicates, among them those between GSM8K's own splits."""

from pathlib import Path

import pytest

from whet.data.arithmetic import Arithmetic
from whet.data.gsm8k import load_gsm8k
from whet.data.near_duplicates import near_duplicates, shingles
from whet.types import Problem

STORY = "Ann has 12 red apples and gives 5 of them to her brother Tom before lunch on Monday"


def problems(*questions: str) -> list[Problem]:
    return [Problem(str(number), question, "1") for number, question in enumerate(questions)]


def test_a_changed_number_is_near_and_its_likeness_is_jaccards() -> None:
    """18 words are 16 runs of three; one word changed in the middle changes three of them: 13 of 19 in common."""
    changed = STORY.replace("5", "7")
    report = near_duplicates([problems("Who?", changed)], problems(STORY))
    assert (report.compared, report.near) == (1, 1)
    assert report.worst is not None
    assert report.worst.similarity == pytest.approx(13 / 19)
    assert (report.worst.test, report.worst.train) == (STORY, changed)


def test_another_story_is_not() -> None:
    other = "A train leaves the station at noon and arrives 3 hours later at a town 240 miles away"
    report = near_duplicates([problems(other)], problems(STORY))
    assert (report.near, report.worst) == (0, None)


def test_case_spacing_and_punctuation_do_not_count() -> None:
    report = near_duplicates([problems(STORY.upper() + " !")], problems(STORY))
    assert report.worst is not None
    assert report.worst.similarity == 1.0


def test_each_held_out_question_counts_once_and_every_source_is_looked_at() -> None:
    changed = [STORY.replace("5", str(n)) for n in (6, 7, 8)]
    report = near_duplicates([problems(changed[0]), problems(*changed[1:])], problems(STORY, "Why?"))
    assert (report.compared, report.near) == (2, 1)


def test_short_questions_are_not_compared() -> None:
    assert shingles("What is 37 + 45?") == frozenset()
    report = near_duplicates([Arithmetic("train")], Arithmetic("test")[:50])
    assert (report.compared, report.near, report.worst) == (50, 0, None)


def test_gsm8k_against_itself(shared: Path) -> None:
    """The splits have two stories in common but for a few words; a test question put into training is found."""
    train, test = (load_gsm8k(split, str(shared / "gsm8k")) for split in ("train", "test"))
    report = near_duplicates([train], test)
    assert (report.compared, report.near) == (1319, 2)
    assert report.worst is not None
    assert "travels 1200 miles in 3 hours" in report.worst.test
    assert "A train travels 270 miles in 3 hours" in report.worst.train
    leaked = Problem("x", test[7].question.replace(" the ", " that "), "1")
    assert near_duplicates([train, [leaked]], test).near == 3
