"""Converts rows with arbitrary columns into problems; unused columns are passed on to the rewards."""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from whet.data.fault import Fault, Row, Rows
from whet.data.gsm8k import split_answer
from whet.data.intake import MAX_BROKEN, BrokenRowError, collect, problem_id
from whet.errors import UserError, did_you_mean
from whet.formats import boxes
from whet.types import Problem

NAMES: Mapping[str, tuple[str, ...]] = {
    "question": ("question", "prompt", "problem", "query", "instruction", "input", "messages"),
    "answer": ("answer", "gold", "final_answer", "expected_answer", "label", "target", "solution"),
    "solution": ("solution", "worked_solution", "rationale", "reasoning", "explanation", "steps", "cot"),
}
"""Known column names for each field of a problem, by priority."""


@dataclass(frozen=True)
class Columns:
    """The names of the columns of question, answer and solution."""

    question: str
    answer: str
    solution: str | None


def choose_columns(
    present: Sequence[str], chosen: Mapping[str, str], where: str, common: Collection[str] = ()
) -> Columns:
    """Picks the column of each field: the user's choice, else the first known name; `UserError` where there is none.

    Names that most rows have (`common`) come first: one odd row must not make all others broken.
    """
    for part, column in chosen.items():
        if column not in present:
            only = f"only {', '.join(present)}{did_you_mean(column, present)}"
            raise UserError(f"columns.{part}: {where} has no column {column!r}, {only}")
    found: dict[str, str | None] = {}
    for part, names in NAMES.items():
        free = [name for name in names if name in present and name not in {*found.values(), *chosen.values()}]
        found[part] = chosen.get(part) or next(iter([*(name for name in free if name in common), *free]), None)
    question, answer = (_needed(part, found[part], present, where) for part in ("question", "answer"))
    return Columns(question, answer, found["solution"])


def _needed(part: str, column: str | None, present: Sequence[str], where: str) -> str:
    if column is None:
        hint = next((did_you_mean(name, present) for name in NAMES[part] if did_you_mean(name, present)), "")
        fix = f"say which holds the {part}{hint}"
        raise UserError(f"columns.{part}: {where} has the columns {', '.join(present) or 'none'}; {fix}")
    return column


def problems_from(
    rows: Rows,
    source: str,
    where: str,
    chosen: Mapping[str, str] | None = None,
    max_broken: float = MAX_BROKEN,
) -> list[Problem]:
    """Converts rows to problems; `source` prefixes their ids, `where` the messages about broken rows."""
    rows = list(rows)
    good = [row for _, row in rows if not isinstance(row, Fault)]
    counted = Counter(name for row in good for name in row)
    common = {name for name, times in counted.items() if 2 * times > len(good)}
    if not good:
        return collect(rows, _no_problem, where, max_broken)
    columns = choose_columns(list(counted), chosen or {}, where, common)
    return collect(rows, lambda row: _problem(row, columns, source), where, max_broken)


def _no_problem(row: Row) -> Problem:
    raise BrokenRowError("holds no problem")


def _problem(row: Row, columns: Columns, source: str) -> Problem:
    question = question_text(_cell(row, columns.question))
    answer = _clean(answer_text(_cell(row, columns.answer)), "answer")
    worked = row.get(columns.solution) if columns.solution else None
    solution = worked.strip() if isinstance(worked, str) else ""
    parts = split_answer(answer)
    boxed = boxes(answer) if columns.answer == "solution" else []
    if parts:
        solution, answer = solution or parts[0], parts[1]
    elif boxed:
        solution, answer = solution or answer, boxed[-1].answer.strip()
    used = {columns.question, columns.answer, columns.solution}
    others = {name: value for name, value in row.items() if name not in used}
    question = _clean(question, "question")
    return Problem(problem_id(source, question), question, answer, _clean_or_empty(solution), source, others)


def _cell(row: Row, column: str) -> Any:
    if row.get(column) is None:
        raise BrokenRowError(f"has no {column!r}")
    return row[column]


def question_text(value: Any) -> str:
    """Returns a string as it is; of a list of messages, the last user message."""
    if isinstance(value, str):
        return value
    turns = value if isinstance(value, list) and all(isinstance(turn, dict) for turn in value) else []
    contents = [turn.get("content") for turn in turns if turn.get("role") == "user"]
    if not contents or not isinstance(contents[-1], str):
        raise BrokenRowError("has a question that is neither text nor messages with a user's turn")
    return contents[-1]


def answer_text(value: Any) -> str:
    """Converts an answer to text: a string as it is, a whole float without its point, a list of one as its item.

    >>> answer_text(72.0), answer_text("1/2"), answer_text(["7"])
    ('72', '1/2', '7')
    """
    if isinstance(value, list) and len(value) == 1:
        return answer_text(value[0])
    if isinstance(value, float) and not math.isfinite(value):
        raise BrokenRowError(f"has the answer {value}")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise BrokenRowError(f"has an answer that is neither text nor number: {str(value)[:40]!r}")
    return str(value)


def _clean(text: str, part: str) -> str:
    """The text stripped; raises `BrokenRowError` where it is empty or cannot be encoded as UTF-8."""
    if not text.strip():
        raise BrokenRowError(f"has an empty {part}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BrokenRowError(f"has half a character (a lone surrogate) in its {part}") from None
    return text.strip()


def _clean_or_empty(text: str) -> str:
    return _clean(text, "solution") if text else ""


def held_apart(problems: Iterable[Problem], share: float, split: str) -> list[Problem]:
    """The problems of a split, where a hash of the question assigns a share of them to `test`; `UserError` if none."""
    kept = [problem for problem in problems if (_place(problem.question) < share) == (split == "test")]
    if not kept:
        raise UserError(f"params.hold_out: is {share}, which leaves nothing to {split} on")
    return kept


def _place(question: str) -> float:
    """A hash of the question in [0, 1), the same in every file and run."""
    return int.from_bytes(blake2b(question.encode(), digest_size=6).digest(), "big") / 2**48
