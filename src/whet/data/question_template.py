"""Templates of questions: `{name}` stands for a column, `{{` and `}}` for braces."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from whet.data.endless import is_endless
from whet.errors import UserError
from whet.types import Problem

PLACE = "{question}"
"""The place of the question itself."""

_PART = re.compile(r"\{\{|\}\}|\{([^\W\d][^{}\n]*)\}")
"""A doubled brace or a place; `{}` and `{2}`, as in formulas, are letters."""


def places(template: str) -> list[str]:
    r"""The names of a template's places, each once, in order.

    >>> places("{body} {question} Put the answer into \\boxed{} or {{braces}}.")
    ['body', 'question']
    """
    return list(dict.fromkeys(found[1] for found in _PART.finditer(template) if found[1]))


def fill(template: str, text_of: Callable[[str], str]) -> str:
    r"""The template with each place filled by `text_of` its name, and doubled braces single.

    >>> fill("{question} Answer as {{n}} in \\boxed{}.", lambda name: "1 + 1?")
    '1 + 1? Answer as {n} in \\boxed{}.'
    """
    return _PART.sub(lambda found: text_of(found[1]) if found[1] else found[0][0], template)


def has_columns(template: str) -> bool:
    """Whether a template has a place for a column other than the question."""
    return any(name != "question" for name in places(template))


def reworded(problems: Sequence[Problem], template: str, where: str) -> list[Problem]:
    """The problems of a named source, worded by a template over their columns.

    Raises `UserError` for an endless source, which has no columns, and for a column that there is not.
    """
    if is_endless(problems):
        raise UserError(f"data.question: {template!r} has places for columns, and {where} has none but {PLACE}")
    return [
        replace(one, question=fill(template, partial(_cell, one, template=template, where=where))) for one in problems
    ]


def _cell(problem: Problem, name: str, *, template: str, where: str) -> str:
    if name == "question":
        return problem.question
    if name not in problem.columns:
        only = ", ".join(["question", *problem.columns])
        raise UserError(f"data.question: {template!r} has the place {{{name}}}, and {where} has only {only}")
    return str(problem.columns[name])


def check_question_template(template: str) -> None:
    """Raises `UserError` for a template without a place."""
    if not places(template):
        raise UserError(
            f"data.question: is {template!r}; it must contain {PLACE}, where the question goes, or columns in braces"
        )
