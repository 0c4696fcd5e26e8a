"""Texts that a tokenizer changes; the tiny one knows ASCII alone."""

from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import pytest

import tiny
from whet.config import FormatConfig
from whet.data.prompts import PromptRenderer
from whet.formats import build_format
from whet.stages.lossy_text import lossy_lines
from whet.types import Problem


def _task(tokenizer: Any, name: str = "think_answer") -> Any:
    layout = build_format(FormatConfig(name=name))  # type: ignore[arg-type]
    return SimpleNamespace(response_format=layout, renderer=PromptRenderer(tokenizer, layout))


KNOWN = Problem("1", "What is 1 + 1?", "2", "1 + 1 = 2")


def test_nothing_is_said_of_text_that_comes_back() -> None:
    problems = [KNOWN, Problem("2", "  (a): <b> & c?  ", "4", "2 + 2\n= 4")]
    for name in ("think_answer", "reasoning_answer", "boxed"):
        assert list(lossy_lines(problems, _task(tiny.tiny_tokenizer(), name))) == []


def test_letters_that_the_tokenizer_does_not_know_are_shown_as_the_model_reads_them() -> None:
    problems = [
        KNOWN,
        Problem("2", "What is \u03c0 to one place?", "3.1"),
        Problem("3", "1 + 2?", "3", "x\u00b2", row=9),
    ]
    (line,) = lossy_lines(problems, _task(tiny.tiny_tokenizer()))
    assert line == (
        "the tokenizer does not give back the text of 2 of 3 problems: 'What is \u03c0 to one pla' becomes "
        "'What is <unk><unk> t' (2), and the model reads it so; write it otherwise"
    )


@pytest.mark.parametrize(("text", "said"), [("What is X?", True), ("What is x?", True), ("what is x?", False)])
def test_capitals_that_a_normalizer_takes_away_are_told_of(text: str, said: bool) -> None:
    from tokenizers import normalizers

    made = deepcopy(tiny.tiny_tokenizer())
    made.backend_tokenizer.normalizer = normalizers.Lowercase()
    assert bool(list(lossy_lines([Problem("1", text, "2", "so it is")], _task(made)))) is said
