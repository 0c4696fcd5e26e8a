"""Converts the rows of any table into problems; all columns are passed on to the rewards."""

import json
import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from whet.data.answers import Unmarked, answer_text, read_answer
from whet.data.cells import cell
from whet.data.columns import Columns, choose_columns, contexts_left_out, unseen_media
from whet.data.fault import Fault, Row, Rows
from whet.data.instructions import without_instructions
from whet.data.intake import MAX_BROKEN, BrokenRowError, collect, problem_id
from whet.data.question_template import fill
from whet.data.turns import turns_of
from whet.types import Message, Problem

SAMPLE = 1000
"""Rows by which columns are chosen."""

_LOG = logging.getLogger("whet.data")


def problems_from(
    rows: Rows,
    source: str,
    where: str,
    chosen: Mapping[str, str] | None = None,
    max_broken: float = MAX_BROKEN,
    unmarked: Unmarked = "refuse",
    instructions: bool = False,
) -> list[Problem]:
    """Converts rows to problems; `source` prefixes their ids, `where` the messages about broken rows.

    `chosen` has columns by field; that of the question may be a template over several. `unmarked` says what becomes of
    a long answer in which none is marked. What all questions ask for as a layout is taken out of them, unless
    `instructions`.
    """
    rows = list(rows)
    good = [row for _, row in rows if not isinstance(row, Fault)]
    counted = Counter(name for row in good for name in row)
    filled = Counter(name for row in good for name, value in row.items() if value is not None)
    common = {name for name, times in filled.items() if 2 * times > len(good)}
    if not good:
        return collect(rows, _no_problem, where, max_broken)
    some = good[:SAMPLE]
    columns = choose_columns(list(counted), chosen or {}, where, common, some)
    problems = collect(rows, RowReader(columns, source, unmarked).problem, where, max_broken)
    for line in _unread(columns, list(counted), some):
        _LOG.warning("%s: %s", where, line)
    return problems if instructions else without_instructions(problems, where)


def _unread(columns: Columns, present: Sequence[str], rows: Sequence[Row]) -> Iterator[str]:
    """Yields a line on each thing in the rows that a question may need, and that prompts leave out."""
    for column in contexts_left_out(columns, present, rows):
        fix = f"if they do, write data.question: '{{{column}}} {{question}}'"
        yield f"questions leave out the column {column!r}, which they may need; {fix}"
    for column, count in unseen_media(present, rows):
        what = f"{count} of {len(rows)} rows have something in the column {column!r}, which the model does not see"
        yield f"{what}; take rows whose questions do not need it"
    begun = sum(ends_with_reply(cell(row, columns.question)) for row in rows)
    if begun and columns.answer != columns.question:
        what = f"{begun} of {len(rows)} conversations in {columns.question!r} end with an assistant's turn"
        yield f"{what}, which is no part of a prompt and is left out"


def _no_problem(row: Row) -> Problem:
    raise BrokenRowError("holds no problem")


@dataclass(frozen=True)
class RowReader:
    """Converts one row at a time."""

    columns: Columns
    source: str
    unmarked: Unmarked

    def problem(self, row: Row) -> Problem:
        """The problem of a row; raises `BrokenRowError` or `OtherRowError` where it holds none."""
        columns = self.columns
        question = self._question(row)
        turns = self._turns(row)
        value = _present(row, columns.answer)
        if columns.options:
            answer, around = columns.options.letter(value, row), ""
        else:
            answer, around = read_answer(_clean(answer_text(value, columns.answer), "answer"), self.unmarked)
        worked = cell(row, columns.solution) if columns.solution else None
        if isinstance(worked, list) and len(worked) == 1:
            worked = worked[0]
        solution = worked.strip() if isinstance(worked, str) else ""
        made = Problem(
            id="",
            question=question,
            answer=_clean(answer, "answer"),
            solution=_clean_or_empty(solution or around),
            source=self.source,
            columns=row,
            taken=columns.taken,
            turns=turns,
        )
        return replace(made, id=problem_id(self.source, made.asked))

    def _turns(self, row: Row) -> tuple[Message, ...]:
        """The turns before the question; first the system turn that has a column of its own."""
        earlier = earlier_turns(cell(row, self.columns.question))
        system = cell(row, self.columns.system) if self.columns.system else None
        if not isinstance(system, str) or not system.strip():
            return earlier
        own: Message = {"role": "system", "content": system.strip()}
        return earlier if own in earlier else (own, *earlier)

    def _question(self, row: Row) -> str:
        columns = self.columns
        if not columns.places:
            text = question_text(_present(row, columns.question))
        else:
            text = fill(columns.template, lambda place: self._place(row, place))
        picked = columns.options
        if picked and not set(picked.columns) & set(columns.places.values()):
            text = picked.with_options(text, row)
        return _clean(text, "question")

    def _place(self, row: Row, place: str) -> str:
        column, picked = self.columns.places[place], self.columns.options
        if picked and picked.columns == (column,):
            return picked.shown(row)
        value = _present(row, column) if place == "question" else cell(row, column)
        return place_text(value)


def _present(row: Row, column: str) -> Any:
    value = cell(row, column)
    if value is None:
        raise BrokenRowError(f"has no {column!r}")
    return value


def place_text(value: Any) -> str:
    """A cell as it stands in a question: text as it is, a conversation's last user turn, other values as JSON.

    >>> place_text([44, 19]), place_text(98.0), place_text(None)
    ('[44, 19]', '98', '')
    """
    if value is None:
        return ""
    if isinstance(value, str) or turns_of(value):
        return question_text(value)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return answer_text(value)


def question_text(value: Any) -> str:
    """Returns a string as it is; of a conversation, the last user turn."""
    turns = turns_of(value)
    if turns is None and isinstance(value, str):
        return value
    asked = [text for role, text in turns or () if role == "user"]
    if not asked:
        raise BrokenRowError("has a question that is neither text nor messages with a user's turn")
    return asked[-1]


def earlier_turns(value: Any) -> tuple[Message, ...]:
    """The turns of a conversation before its last user turn, empty ones left out; none of any other value.

    >>> earlier_turns([{"role": "system", "content": "Add."}, {"role": "user", "content": "1 + 1?"}])
    ({'role': 'system', 'content': 'Add.'},)
    """
    turns = turns_of(value) or []
    last = max((place for place, (role, _) in enumerate(turns) if role == "user"), default=0)
    return tuple({"role": role, "content": text} for role, text in turns[:last] if text.strip())


def ends_with_reply(value: Any) -> bool:
    """Whether a cell is a conversation whose last turn, behind the last question, is the assistant's.

    >>> ends_with_reply([{"role": "user", "content": "1 + 1?"}, {"role": "assistant", "content": "Let me"}])
    True
    """
    try:
        turns = turns_of(value) or [("", "")]
    except BrokenRowError:
        return False
    return turns[-1][0] == "assistant"


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
