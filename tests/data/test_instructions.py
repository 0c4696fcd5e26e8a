"""Words on the layout that all questions share are taken out; others stay."""

import pytest

from whet.data.instructions import shared_beginning, shared_end, without_instructions
from whet.types import Problem

PLAIN = [f"What is {n} + {n + 3}?" for n in range(10, 30)]
BOX = r" Please reason step by step, and put your final answer within \boxed{}."
LINE = "Solve the problem. The last line must be of the form Answer: $Answer.\n\n"


def problems(texts: list[str]) -> list[Problem]:
    return [Problem(str(n), text, "1", source="x") for n, text in enumerate(texts)]


def questions(found: list[Problem]) -> list[str]:
    return [problem.question for problem in found]


def test_what_stands_before_and_after_every_question(caplog: pytest.LogCaptureFixture) -> None:
    found = without_instructions(problems([LINE + text + BOX for text in PLAIN]), "x.jsonl")
    assert questions(found) == PLAIN
    assert "x.jsonl: took words on the layout out of every question: 'Solve the problem." in caplog.text
    assert "params.instructions: true keeps them" in caplog.text
    assert len({problem.id for problem in found}) == len(PLAIN)


@pytest.mark.parametrize(
    "texts",
    [
        PLAIN,
        [f"The answer to what is {n} + 3? Think." for n in range(10, 30)],
        [LINE + text if n else text for n, text in enumerate(PLAIN)],
        ["Consider a crate of apples on a table in the yard. " + text for text in PLAIN],
        [LINE + text for text in PLAIN[:5]],
    ],
)
def test_questions_without_shared_words_on_the_layout_stay(texts: list[str]) -> None:
    assert questions(without_instructions(problems(texts), "x")) == texts


def test_only_whole_sentences_are_taken() -> None:
    assert shared_beginning([LINE + "What is " + text for text in PLAIN]) == LINE
    assert shared_end([text + " Go on." + BOX for text in PLAIN]) == " Go on." + BOX
