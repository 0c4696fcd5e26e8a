"""Chooses the columns of a table: which holds the question, the gold answer, the worked solution, the options."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from whet.data import options, turns
from whet.data.cells import cell, find_name, find_names
from whet.data.fault import Row
from whet.data.file_bytes import row_suffix
from whet.data.options import Options, find_kind, find_options
from whet.data.question_template import PLACE, places
from whet.errors import UserError, did_you_mean

NAMES: Mapping[str, tuple[str, ...]] = {
    "question": (
        *(
            "question.stem",
            "question",
            "prompt",
            "problem",
            "query",
            "instruction",
            "input",
            "question_stem",
            "ques_statement",
        ),
        *("sQuestion", *turns.NAMES, "ctx", "text"),
    ),
    "answer": (
        *("final_answer", "expected_answer", "answer", "gold", "ground_truth", "reward_model.ground_truth"),
        *("extra_info.answer", "answerKey", "answer_key", "correct_answer", "label", "target", "correct", "result"),
        *("lSolutions", "solution", "response", "output", "completion", "code"),
    ),
    "solution": (
        *("solution", "worked_solution", "rationale", "reasoning", "explanation", "steps", "cot"),
        *("generated_solution", "chain", "answer"),
    ),
    "options": options.NAMES,
    "system": ("system", "system_prompt", "system_message"),
}
"""Known column names for each field of a problem, by priority."""

JOINED: Mapping[str, str] = {"body": "{body} {question}", "story": "{story} {question}"}
"""Columns without which a question cannot be understood, and the template that puts them in."""

INSTRUCTED = "{question}\n\n{input}"
"""The template of an `instruction` and what it is about."""

CONTEXTS = frozenset(
    {
        *("context", "passage", "paragraph", "article", "document", "table", "background", "premise", "facts"),
        *("evidence", "schema", "scenario", "narrative", "situation", "excerpt", "text", "input", *JOINED),
        *("choices", "options", "endings", "history", "problem", "prompt", "query", "instruction", "description"),
    }
)
"""Words in the names of columns whose text a question may need."""

NO_CONTEXTS = frozenset(
    {
        *("answer", "solution", "response", "reasoning", "rationale", "explanation", "generated", "output", "target"),
        *("id", "name", "type", "url", "source", "tokens", "original", "seed"),
    }
)
"""Words in the names of columns that are about something else."""

MEDIA = frozenset({"image", "images", "img", "picture", "pictures", "figure", "photo", "audio", "video", "videos"})
"""Words in the names of columns that hold something other than text."""

NO_MEDIA = frozenset(
    {"id", "ids", "name", "count", "num", "size", "width", "height", "tokens", "caption", "description"}
)
"""Words in the names of columns that are about such a thing."""

HEADED = frozenset({".csv", ".tsv"})
"""Suffixes of tables whose columns have the names that their first line has, or should have."""

_NAME_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")


@dataclass(frozen=True)
class Columns:
    """The columns of question, answer, solution and options."""

    question: str
    answer: str
    solution: str | None
    options: Options | None = None
    template: str = PLACE
    """How the question is worded."""
    places: Mapping[str, str] = field(default_factory=dict)
    """By place of the template, its column; empty where the question is its column alone."""
    system: str | None = None
    """The column with a system turn."""

    @property
    def shown(self) -> list[str]:
        """The columns whose text is in the question."""
        return [*(self.places.values() or [self.question]), *(self.options.columns if self.options else ())]

    @property
    def taken(self) -> dict[str, str]:
        """By field of a problem, the column or columns that it is taken from."""
        options = {"options": ", ".join(self.options.columns)} if self.options else {}
        solution = {"solution": self.solution} if self.solution else {}
        question = " + ".join(self.places.values()) or self.question
        system = {"system": self.system} if self.system else {}
        return {"question": question, "answer": self.answer, **solution, **options, **system}


def choose_columns(
    present: Sequence[str],
    chosen: Mapping[str, str],
    where: str,
    common: Collection[str] = (),
    rows: Sequence[Row] = (),
) -> Columns:
    """Picks the column of each field: the user's choice, else the first known name; `UserError` where there is none.

    Names that most rows have (`common`) come first: one odd row must not make all others broken. Nested columns and
    options are found by `rows`. The question may be a template, whose places are columns.
    """
    template, chosen = _template(chosen, present)
    _refuse_absent(present, chosen, where, rows)
    found = _by_name(present, chosen, common, rows)
    wanted = places(template)
    if "question" not in wanted:
        found["question"] = _column(wanted[0], present, rows, template, where)
    question = _needed("question", found["question"], present, where)
    if found["answer"] is None and question.casefold() in turns.NAMES:
        found["answer"] = question
    picked, gold = _options(present, chosen, rows, found["answer"])
    answer = _needed("answer", gold, present, where)
    named = {
        place: question if place == "question" else _column(place, present, rows, template, where) for place in wanted
    }
    _refuse_gold(named, {answer, found["solution"]}, template)
    if template == PLACE:
        template, named = _joined(present, question, rows)
    solution = found["solution"] if found["solution"] != answer else None
    system = found["system"] if found["system"] not in named.values() else None
    return Columns(question, answer, solution, picked, template, named, system)


def _template(chosen: Mapping[str, str], present: Sequence[str]) -> tuple[str, Mapping[str, str]]:
    """The template of the question, and the columns that are chosen by name."""
    template = chosen.get("question", "")
    if template in present or not places(template):
        return PLACE, chosen
    return template, {part: column for part, column in chosen.items() if part != "question"}


def _refuse_absent(present: Sequence[str], chosen: Mapping[str, str], where: str, rows: Sequence[Row]) -> None:
    for part, column in chosen.items():
        if column not in present and all(cell(row, column) is None for row in rows):
            only = f"only {', '.join(present)}{did_you_mean(column, present)}"
            raise UserError(f"columns.{part}: {where} has no column {column!r}, {only}")


def _by_name(
    present: Sequence[str], chosen: Mapping[str, str], common: Collection[str], rows: Sequence[Row]
) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for part in ("question", "answer", "solution", "system"):
        used = {*found.values(), *chosen.values()}
        free = [name for name in find_names(NAMES[part], present, rows) if name not in used]
        likely = [name for name in free if name.partition(".")[0] in common]
        found[part] = chosen.get(part) or next(iter([*likely, *free]), None)
    return found


def _needed(part: str, column: str | None, present: Sequence[str], where: str) -> str:
    if column is None:
        hint = next((did_you_mean(name, present) for name in NAMES[part] if did_you_mean(name, present)), "")
        fix = f"say which holds the {part}{hint}"
        if row_suffix(Path(where)) in HEADED and any(_is_sentence(name) for name in present):
            fix = f"if its first line is a row, write the names of the columns above it, else {fix}"
        raise UserError(f"columns.{part}: {where} has the columns {', '.join(present) or 'none'}; {fix}")
    return column


def _is_sentence(name: str) -> bool:
    return len(name.split()) > 4 or name.rstrip().endswith("?")


def _options(
    present: Sequence[str], chosen: Mapping[str, str], rows: Sequence[Row], answer: str | None
) -> tuple[Options | None, str | None]:
    """The options of multiple choice, None without any, and the column that says which is right."""
    columns = find_options(present, rows, chosen.get("options"))
    golds = (
        [chosen["answer"]]
        if "answer" in chosen
        else [*find_names(options.GOLD, present), *([answer] if answer else [])]
    )
    for gold in golds if columns else ():
        answered = [row for row in rows if cell(row, gold) is not None]
        kind = find_kind(columns, [cell(row, gold) for row in answered], answered)
        if kind and not (kind == "text" and columns[0].casefold() in options.ACCEPTED):
            return Options(columns, kind), gold
    if "options" in chosen:
        raise UserError(f"columns.options: {chosen['options']!r} holds no options that the column {answer!r} names")
    return None, answer


def _column(place: str, present: Sequence[str], rows: Sequence[Row], template: str, where: str) -> str:
    if any(cell(row, place) is not None for row in rows):
        return place
    column = find_name([place], present, rows)
    if column is None:
        fix = f"{did_you_mean(place, present)}; for the letters themselves, double the braces"
        only = ", ".join(present) or "question"
        raise UserError(f"columns.question: {template!r} has the place {{{place}}}, and {where} has only {only}{fix}")
    return column


def _refuse_gold(named: Mapping[str, str], gold: Collection[str | None], template: str) -> None:
    """Raises `UserError` for a template that would show the gold answer, perhaps without its writer's intent."""
    for place, column in named.items():
        if column in gold and place.casefold() in ("answer", "final_answer", "gold", "ground_truth", "solution"):
            fix = "take it out, or double the braces for the letters themselves"
            raise UserError(f"columns.question: {template!r} shows the gold answer with {{{place}}}; {fix}")


def _joined(present: Sequence[str], question: str, rows: Sequence[Row]) -> tuple[str, dict[str, str]]:
    """The template, and its columns, of data sets that keep a part of the question in a column of its own."""
    for name, template in JOINED.items():
        column = find_name([name], present)
        if column and column != question and _left_out(column, question, rows):
            return template, {name: column, "question": question}
    data = find_name(["input"], present)
    if data and question.casefold() == "instruction" and any(cell(row, data) for row in rows):
        return INSTRUCTED, {"question": question, "input": data}
    return PLACE, {}


def _left_out(column: str, question: str, rows: Sequence[Row]) -> bool:
    """Whether a column has text, in most rows, that the question does not contain."""
    texts = [(cell(row, column), cell(row, question)) for row in rows]
    return 2 * sum(bool(text) and str(text).strip() not in str(asked) for text, asked in texts) > len(rows) > 0


def contexts_left_out(columns: Columns, present: Sequence[str], rows: Sequence[Row]) -> Iterator[str]:
    """Yields the columns whose text the question may need, by their names, and does not show."""
    used = {*columns.shown, columns.answer, columns.solution, columns.system}
    for column in present:
        words = {word.lower() for word in _NAME_WORDS.findall(column)}
        if column in used or not words & CONTEXTS or words & NO_CONTEXTS:
            continue
        some = [row for row in rows if _is_long(row.get(column)) and not _is_wrapped(columns.question, column, row)]
        if _left_out(column, columns.question, some):
            yield column


def unseen_media(present: Sequence[str], rows: Sequence[Row]) -> Iterator[tuple[str, int]]:
    """Yields the columns with pictures or sound, which no language model sees, and how many of the rows have some."""
    for column in present:
        words = {word.lower() for word in _NAME_WORDS.findall(column)}
        if words & MEDIA and not words & NO_MEDIA and (count := sum(bool(row.get(column)) for row in rows)):
            yield column, count


def _is_wrapped(question: str, column: str, row: Row) -> bool:
    """Whether a column holds the whole question, as prompts do that were made of it."""
    asked = cell(row, question)
    return isinstance(asked, str) and asked.strip() in str(row[column])


def _is_long(value: Any) -> bool:
    """Whether a cell is a text of several words, or holds several values."""
    return len(value.split()) > 2 if isinstance(value, str) else isinstance(value, list | dict) and bool(value)
