r"""Reads gold answers: plain cells, and what a worked solution marks (`\boxed{}`, `####`, "The answer is")."""

import ast
import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Literal

from whet.data.gsm8k import split_answer
from whet.data.intake import BrokenRowError, OtherRowError
from whet.data.turns import turns_of
from whet.data.worked_solution import without_final_mark
from whet.formats.reasoning_marks import CLOSES
from whet.rewards.answer import find_answer
from whet.rewards.gold_answer import marked_answer

Unmarked = Literal["refuse", "number", "whole"]

LONGEST = 300
"""Characters of the longest answer that a response could give."""

MISSING = frozenset({"none", "n/a", "na", "nan", "null", "nil", "-", "?", "unanswerable", "unknown", "no answer"})
"""What data sets write where there is no answer, in lower case."""

UNPROVABLE = frozenset({"proof", "notfound", "not found", "not provided", "no final answer", "answer not found"})
"""What they write of problems that have none, such as proofs."""

_LIST_OF_TEXT = re.compile(r"""\[\s*(["']).*\1\s*\]""", re.DOTALL)
_NOTHING_MARKED = re.compile(r"(?:####|\\boxed\s*\{\s*\}|<answer>\s*</answer>)[\s.$]*\Z")
_SENTENCE = re.compile(r"[^\W\d_]{2}(?: [$€£]?\d[\d.,]*)?[\"')]?[.!?](?=\s|$)")


def answer_text(value: Any, column: str = "answer") -> str:
    """Converts an answer to text: a string as it is, a whole float without its point, a list of one as its item.

    A text that holds a list of one text, as in `["7"]`, counts as the list. `column` is named where there is no answer.

    >>> answer_text(72.0), answer_text("1/2"), answer_text(["7"]), answer_text('["7"]')
    ('72', '1/2', '7', '7')
    """
    value = _listed(value)
    if (turns := turns_of(value)) is not None:
        return _last_reply(turns)
    if isinstance(value, list) and len(value) == 1:
        return answer_text(value[0], column)
    if isinstance(value, float) and not math.isfinite(value):
        raise BrokenRowError(f"has the answer {value}")
    if isinstance(value, float) and value.is_integer():
        return f"{Decimal(repr(value + 0.0)):.0f}"  # its shortest digits: int(1e23) is 99999999999999991611392
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise BrokenRowError(f"has an answer that is neither text nor number: {str(value)[:40]!r}", _fix(value, column))
    return str(value)


def _listed(value: Any) -> Any:
    """The list of one text that a text holds, in JSON's or Python's quotes; any other value as it is."""
    if not isinstance(value, str) or not _LIST_OF_TEXT.fullmatch(value.strip()):
        return value
    try:
        found = ast.literal_eval(value.strip())
    except (ValueError, SyntaxError):
        return value
    return found if len(found) == 1 else value


def _fix(value: Any, column: str) -> str:
    if isinstance(value, bool):
        return "write answers as words, such as yes and no"
    if isinstance(value, list | dict) and value:
        inner = 0 if isinstance(value, list) else next(iter(value))
        return f"name the part that is the answer with columns.answer, as in {column}.{inner}"
    return ""


def _last_reply(turns: list[tuple[str, str]]) -> str:
    role, text = turns[-1]
    if role != "assistant":
        raise BrokenRowError(f"has a conversation that ends with the {role}'s turn, without an answer")
    return text


def read_answer(text: str, unmarked: Unmarked) -> tuple[str, str]:
    r"""The gold answer of a cell, and the worked solution around it; empty for an answer alone.

    Raises `OtherRowError` for a word that says that there is no answer, and `BrokenRowError` for a text longer than an
    answer in which none is marked, unless `unmarked` says what to do.

    >>> read_answer("3 + 4 = 7.\nThe answer is: 7", "refuse")
    ('7', '3 + 4 = 7.')
    """
    if text.strip().strip(".[]()").lower() in MISSING | UNPROVABLE:
        raise OtherRowError(f"has no answer ({text.strip()!r})")
    if _NOTHING_MARKED.search(text):
        raise BrokenRowError(f"has an answer that ends with a mark and nothing in it ({text.strip()[-20:]!r})")
    *thought, said = CLOSES.split(text)
    if thought and said.strip():
        return read_answer(said, unmarked)[0], without_final_mark(text)
    if parts := split_answer(text):
        return parts[1], without_final_mark(parts[0])
    if marked := marked_answer(text):
        return marked, without_final_mark(text) if len(text) > 2 * len(marked) + 20 else ""
    return _UNMARKED[unmarked](text) if is_worked(text) else (text, "")


def is_worked(text: str) -> bool:
    """Whether a text is longer than an answer: by its characters, or three sentences.

    >>> is_worked("12 apples."), is_worked("He has two. She has ten. So both have 12.")
    (False, True)
    """
    return len(text) > LONGEST or len(_SENTENCE.findall(text)) >= 3


def _refuse(text: str) -> tuple[str, str]:
    raise BrokenRowError(
        f"has an answer of {len(text)} characters, in which none is marked",
        r"mark it by \boxed{}, ####, <answer> or `The answer is`, name the column of the short answer with "
        "columns.answer, or set params.unmarked: `number` takes the last number, `whole` the whole text",
    )


def _number(text: str) -> tuple[str, str]:
    found = find_answer(text)
    if found is None:
        raise BrokenRowError("has an answer without a number")
    return found, text


_UNMARKED: Mapping[Unmarked, Callable[[str], tuple[str, str]]] = {
    "refuse": _refuse,
    "number": _number,
    "whole": lambda text: (text, ""),
}
"""What becomes of a long text in which no answer is marked: gold answer and solution."""
