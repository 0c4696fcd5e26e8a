"""The tokens on which an export is compared with the original: held-out prompts and responses to them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from whet.data.arithmetic import Arithmetic
from whet.data.prompts import PromptRenderer
from whet.runs import layout
from whet.runs.reader import RunReader
from whet.types import Problem

RESPONSES = 16

LONGEST = 64
"""Response tokens compared at most in each response: their distributions are kept, `[T, V]`."""

STAGES = (layout.FINAL, "sft", layout.BASE)
"""Evaluations whose responses are used, the first that a run has."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The tokens of a prompt and of a response to it, neither of them empty."""

    prompt: tuple[int, ...]
    response: tuple[int, ...]


def held_out_answers(run: RunReader | None, renderer: PromptRenderer, end: int | None) -> list[Answered]:
    """Returns `RESPONSES` prompts with responses: a run's held-out ones, or sums with worked solutions.

    `end` is the token that ends a response, None for none.
    """
    pairs = _recorded(run) if run else []
    return [_answered(renderer, problem, text, end) for problem, text in islice(pairs or _made(), RESPONSES)]


def questions(run: RunReader | None) -> list[str]:
    """Returns the questions and responses that `held_out_answers` begins from, as text."""
    return [
        text
        for problem, response in (_recorded(run) if run else []) or _made()
        for text in (problem.question, response)
    ]


def _recorded(run: RunReader) -> list[tuple[Problem, str]]:
    """Problem and response of each record of a run's last evaluation; empty where there is none."""
    records: Iterable[Any] = next((found.values() for stage in STAGES if (found := run.records(stage))), ())
    return [(Problem(record.id, record.question, record.gold), record.response) for record in records]


def _made() -> list[tuple[Problem, str]]:
    problems: Sequence[Problem] = Arithmetic("test", working={"full": 1.0})
    return [(problem, problem.solution) for problem in islice(problems, RESPONSES)]


def _answered(renderer: PromptRenderer, problem: Problem, text: str, end: int | None) -> Answered:
    tokens = [*renderer.tokenizer.encode(text, add_special_tokens=False), *([] if end is None else [end])]
    return Answered(renderer.render(problem).tokens, tuple(tokens[:LONGEST]))
