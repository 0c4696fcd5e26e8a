"""Filters problems by length, difficulty level and type of answer."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice

from whet.config.data import AnswerType, KeepConfig
from whet.data.endless import is_endless
from whet.errors import UserError, did_you_mean
from whet.formats.spans import NUMBER
from whet.types import Problem

PATIENCE = 64
"""Problems of an endless source examined per problem wanted, before the search ends."""

_CHOICE = re.compile(r"\(?(?:\\(?:text(?:bf)?|mathrm|mathbf)\s*\{)?\(?([A-J])\)?\}?\)?")
_TEXT = re.compile(r"(?:\\(?:text(?:bf|it|rm)?|mbox|mathrm)\s*\{)?[^\W\d_][^\\{}$^=<>|]*\}?")
_LETTERS = re.compile(r"[^\W\d_]{2}")
_NUMBER_IN_LEVEL = re.compile(r"-?\d+(?:\.\d+)?$")


def answer_type(answer: str) -> AnswerType:
    r"""Classifies a gold answer; a fraction or a number with a unit is `latex`.

    >>> [answer_type(text) for text in ("-1,080.5", "(C)", "\\text{even}", "\\frac{3}{4}", "x + 1")]
    ['number', 'choice', 'text', 'latex', 'latex']
    """
    answer = answer.strip()
    if NUMBER.fullmatch(answer):
        return "number"
    if _CHOICE.fullmatch(answer):
        return "choice"
    return "text" if _TEXT.fullmatch(answer) and _LETTERS.search(answer) else "latex"


def level_of(problem: Problem, column: str) -> float | None:
    """The difficulty of a problem: the number in a column, or at the end of its text; None without one."""
    value = problem.columns.get(column)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    found = _NUMBER_IN_LEVEL.search(value.strip()) if isinstance(value, str) else None
    return float(found[0]) if found else None


Condition = Callable[[Problem, KeepConfig], bool]

CONDITIONS: Mapping[str, Condition] = {
    "shortest_question": lambda problem, keep: len(problem.question) >= (keep.shortest_question or 0),
    "longest_question": lambda problem, keep: len(problem.question) <= (keep.longest_question or 0),
    "shortest_solution": lambda problem, keep: len(problem.solution) >= (keep.shortest_solution or 0),
    "longest_solution": lambda problem, keep: len(problem.solution) <= (keep.longest_solution or 0),
    "lowest_level": lambda problem, keep: _level(problem, keep) >= (keep.lowest_level or 0),
    "highest_level": lambda problem, keep: _level(problem, keep) <= (keep.highest_level or 0),
    "answers": lambda problem, keep: answer_type(problem.answer) in (keep.answers or ()),
}
"""The condition of each setting, applied only where it is set."""


def kept(problems: Sequence[Problem], keep: KeepConfig, limit: int | None = None) -> list[Problem]:
    """The problems that meet every condition, in order, `limit` of them at most.

    Raises:
        UserError: none does, a problem has no level where one is needed, or an endless source without a limit.
    """
    endless = is_endless(problems)
    if endless and limit is None:
        raise UserError("keep: this source is endless, so keep needs a limit; set limit too, such as 10000")
    conditions = [CONDITIONS[name] for name in CONDITIONS if getattr(keep, name) is not None]
    candidates: Iterable[Problem] = islice(problems, PATIENCE * (limit or 0)) if endless else problems
    found = list(islice((p for p in candidates if all(condition(p, keep) for condition in conditions)), limit))
    if not found:
        names = ", ".join(name for name in CONDITIONS if getattr(keep, name) is not None)
        raise UserError(f"keep: none of the problems meets {names}; loosen one of these")
    return found


def needed_level(problem: Problem, column: str, knob: str) -> float:
    """`level_of` a problem; raises `UserError`, naming the recipe key `knob`, where it has none."""
    level = level_of(problem, column)
    if level is None:
        columns = ", ".join(problem.columns) or "none"
        hint = did_you_mean(column, problem.columns)
        raise UserError(f"{knob}: {problem.id} has no number in {column!r}; its columns are {columns}{hint}")
    return level


def _level(problem: Problem, keep: KeepConfig) -> float:
    return needed_level(problem, keep.level, "keep.level")
