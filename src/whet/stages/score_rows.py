"""Reads the rows of a file of completions, by the names that a run and other programs write."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from whet.data.answers import answer_text
from whet.data.fault import Fault, Row
from whet.data.gsm8k import split_answer
from whet.data.intake import BrokenRowError
from whet.data.rows import read_rows
from whet.errors import UserError, did_you_mean
from whet.rewards.gold_answer import gold_answer

NAMES: Mapping[str, tuple[str, ...]] = {
    "completion": ("response", "text", "output", "generated_text"),
    "prompt": ("question", "input", "problem"),
    "answer": ("gold", "ground_truth", "gts", "solution"),
}
"""Other names of the columns: those of a run's rollouts and evaluations (`text` or `response`, `question`, `gold`), of
verl (`input`, `output`, `gts`) and of TRL (`solution`)."""


def completion_rows(path: Path, reads_answers: bool = False) -> Iterator[tuple[int, Row]]:
    """The file's rows with their numbers, each with a `completion`, a `prompt` and, if it has one, an `answer`.

    Raises `UserError` for a row that is broken, or, where rewards read answers (`reads_answers`), whose gold answer is
    a page of text.
    """
    for number, row in read_rows(path):
        try:
            yield number, _checked(row, reads_answers)
        except BrokenRowError as fault:
            raise UserError(f"{path}, line {number}: {fault}; fix the line or take it out") from None


def _checked(row: Row | Fault, reads_answers: bool) -> Row:
    """The row with its prompt, by default empty, and its gold answer as text. Raises `BrokenRowError` if invalid."""
    if isinstance(row, Fault):
        raise BrokenRowError(row.reason)
    row = _named(row)
    for name in ("prompt", "completion"):
        if not _is_text_or_messages(row[name]):
            raise BrokenRowError(f"has a {name} that is neither a text nor a list of messages with texts")
    answer = _golds(row.get("answer"))
    if reads_answers:
        _check_readable(answer)
    return row if answer is None else {**row, "answer": answer}


def _named(row: Row) -> Row:
    """The row with its completion, prompt and answer under their own names.

    An `answer` beside `gold` is what was extracted from the response, as in a run's evaluations.
    """
    if row.get("completion") is not None:
        written = {"completion": row["completion"], "answer": _first(row, ("answer", *NAMES["answer"]))}
    else:
        found = [name for name in NAMES["completion"] if row.get(name) is not None]
        if len(found) != 1:
            also = f", but {' and '.join(found)}: name one of them `completion`" if found else ""
            raise BrokenRowError(f"has no `completion`{also or did_you_mean('completion', row)}")
        written = {"completion": row[found[0]], "answer": _first(row, (*NAMES["answer"], "answer"))}
    prompt = _first(row, ("prompt", *NAMES["prompt"]))
    absent = written["answer"] is None and "answer" not in row
    named = {**written, "prompt": "" if prompt is None else prompt}
    return {**row, **{name: value for name, value in named.items() if not (absent and name == "answer")}}


def _first(row: Row, names: tuple[str, ...]) -> Any:
    return next((row[name] for name in names if row.get(name) is not None), None)


def _is_text_or_messages(value: Any) -> bool:
    """Whether this is a text, or a list of messages with texts."""
    if isinstance(value, list):
        return all(isinstance(turn, dict) and isinstance(turn.get("content"), str) for turn in value)
    return isinstance(value, str)


def _golds(answer: Any) -> str | list[str] | None:
    """The gold answer as text, or the texts of a list of accepted answers; None where it is neither text nor number."""
    if isinstance(answer, list) and answer:
        golds = [_gold(one) for one in answer]
        return [gold for gold in golds if gold is not None] if all(gold is not None for gold in golds) else None
    return _gold(answer)


def _gold(answer: Any) -> str | None:
    """The gold answer as text; of GSM8K's worked solutions, what follows `####`."""
    if not isinstance(answer, str | int | float) or isinstance(answer, bool):
        return None
    text = answer_text(answer)
    parts = split_answer(text)
    return parts[1] if parts else text


def _check_readable(answer: str | list[str] | None) -> None:
    for gold in [answer] if isinstance(answer, str) else answer or []:
        if gold.strip() and gold_answer(gold) is None:
            raise BrokenRowError(
                f"has a gold answer of {len(gold)} characters in which none is marked, so no response can equal it: "
                r"mark it by \boxed{}, #### or `The answer is`, or name the column of the short answer `answer`"
            )
