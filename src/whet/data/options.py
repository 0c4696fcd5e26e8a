"""Multiple choice: the options of a row, shown as lettered lines, and the letter of the right one."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from string import ascii_uppercase
from typing import Any, Literal

from whet.data.cells import cell, find_name, unpacked
from whet.data.fault import Row
from whet.data.intake import BrokenRowError

NAMES = ("choices", "options", "answer_choices", "endings", "candidates", "question.choices", "answers")
"""Known names of columns with all options."""

ACCEPTED = frozenset({"answers"})
"""Those that may hold accepted answers instead: texts in them that the gold answer equals are no options."""

SETS: Sequence[Sequence[str]] = (
    *(tuple(shape.format(letter) for letter in "ABCDE") for shape in ("{}", "option_{}", "option{}", "choice_{}")),
    ("opa", "opb", "opc", "opd", "ope"),
    tuple(f"ending{number}" for number in range(5)),
    *(
        tuple(shape.format(number) for number in range(1, 6))
        for shape in ("option{}", "choice{}", "sol{}", "option_{}")
    ),
)
"""Known names of columns with one option each; at least two of a set are there."""

RIGHT_AND_WRONG: Sequence[Sequence[str]] = tuple(
    ("correct_answer", *(shape.format(number) for number in range(1, 6)))
    for shape in ("incorrect_answer_{}", "wrong_answer_{}", "distractor_{}", "distractor{}")
)
"""As `SETS`, where the first is the right option: they are shown in an order of their own."""

GOLD = (
    "answerKey",
    "answer_key",
    "cop",
    "correct",
    "correct_option",
    "answer",
    "label",
    "gold",
    "target",
    "answer_idx",
)
"""Known names of the columns that say which option is right, by priority."""

ASK = "Answer with the letter of the right option."

_MARK = re.compile(r"\s*\(?([A-Ja-j])\s*[).:]\s*")
_SHOWN = r"(?i:(?<!\w){}\W{{1,4}}){}(?!\w)"
"""An option as a question shows it, after its letter: `B) wood`, `(B) wood`, `**B:** wood`."""
_ALL_MARKS = re.compile(r"(?:^|[,;\s])\s*\(?([a-jA-J])\s*[).:]\s*")

Kind = Literal["letter", "text", "from 0", "from 1"]


@dataclass(frozen=True)
class Options:
    """Where the options of a table's rows are, and how its gold answers name the right one."""

    columns: tuple[str, ...]
    """One column with all options, or one for each."""
    kind: Kind = "letter"

    def texts(self, row: Row) -> list[str]:
        """The options of a row; raises `BrokenRowError` where it has fewer than two."""
        return [text for _, text in _labelled(row, self.columns)]

    def shown(self, row: Row) -> str:
        """The options as lettered lines."""
        return "\n".join(f"{letter}) {text}" for letter, text in _numbered(self.texts(row)))

    def with_options(self, question: str, row: Row) -> str:
        """The question with its options and how to answer; as it is, where it shows them already by their letters."""
        options = _numbered(self.texts(row))
        if all(re.search(_SHOWN.format(letter, re.escape(text)), question) for letter, text in options):
            return question
        return f"{question.rstrip()}\n{self.shown(row)}\n{ASK}"

    def letter(self, gold: Any, row: Row) -> str:
        """The letter of the right option; raises `BrokenRowError` where the gold answer names none."""
        place = _place(gold, _labelled(row, self.columns), self.kind)
        if place is None:
            raise BrokenRowError(f"has the answer {str(gold)[:40]!r}, which is none of its options")
        return ascii_uppercase[place]


def find_options(present: Sequence[str], rows: Sequence[Row], chosen: str | None = None) -> tuple[str, ...]:
    """The columns with the options of a table: `chosen`, one of a known name, or several; empty without options."""
    one = chosen or find_name(NAMES, present, rows)
    if one:
        return (one,) if chosen or _share(rows, (one,)) > 0.5 else ()
    for names in (*SETS, *RIGHT_AND_WRONG):
        found = tuple(column for name in names if (column := find_name([name], present)))
        if len(found) > 1 and _share(rows, found) > 0.5:
            return found
    return ()


def find_kind(columns: tuple[str, ...], golds: Sequence[Any], rows: Sequence[Row]) -> Kind | None:
    """How gold answers name their option: the first way in which nearly all can be read; None for none."""
    kinds: tuple[Kind, ...] = ("from 0", "letter", "text", "from 1")
    if not all(isinstance(gold, int) for gold in golds):
        kinds = ("letter", "text", "from 0", "from 1")
    best, most = None, 0.9 * len(golds)
    for kind in kinds:
        read = sum(_is_read(gold, row, columns, kind) for gold, row in zip(golds, rows, strict=True))
        if read > most:
            best, most = kind, float(read)
    return best


def _is_read(gold: Any, row: Row, columns: tuple[str, ...], kind: Kind) -> bool:
    try:
        return _place(gold, _labelled(row, columns), kind) is not None
    except BrokenRowError:
        return False


def _share(rows: Sequence[Row], columns: tuple[str, ...]) -> float:
    """The share of rows that have options in these columns."""
    good = 0
    for row in rows:
        try:
            good += bool(_labelled(row, columns))
        except BrokenRowError:
            continue
    return good / len(rows) if rows else 0.0


Labelled = list[tuple[str, str]]
"""Options with the labels that the data gives them."""


def _labelled(row: Row, columns: tuple[str, ...]) -> Labelled:
    if len(columns) > 1:
        texts = [text for column in columns if (text := cell(row, column)) not in (None, "")]
        if find_name(["correct_answer"], columns):
            texts.sort(key=lambda text: blake2b(str(text).encode()).digest())  # the right one in any place
        found = _lettered(texts)
    else:
        found = _of_cell(unpacked(cell(row, columns[0])))
    if not 2 <= len(found) <= len(ascii_uppercase):
        raise BrokenRowError(f"has no options in {', '.join(columns)!r}")
    return found


def _of_cell(value: Any) -> Labelled:
    if isinstance(value, Mapping) and isinstance(value.get("text"), list):
        labels = value.get("label")
        if not isinstance(labels, list) or len(labels) != len(value["text"]):
            return _lettered(value["text"])
        return [(str(label), str(text)) for label, text in zip(labels, value["text"], strict=True)]
    if isinstance(value, Mapping):
        return [(str(label), str(text)) for label, text in value.items() if text is not None]
    if isinstance(value, str):
        marks = list(_ALL_MARKS.finditer(value))
        ends = [*(mark.start() for mark in marks[1:]), len(value)]
        return (
            [(m[1].upper(), value[m.end() : end].strip()) for m, end in zip(marks, ends, strict=True)] if marks else []
        )
    if isinstance(value, list) and value and all(isinstance(one, Mapping) and "text" in one for one in value):
        return [(str(one.get("label", ascii_uppercase[n % 26])), str(one["text"])) for n, one in enumerate(value)]
    return _lettered(value) if isinstance(value, list) else []


def _lettered(texts: Sequence[Any]) -> Labelled:
    """Options by their order, without the letters that all of them begin with."""
    plain = [str(text).strip() for text in texts]
    marks = [_MARK.match(text) for text in plain]
    if [mark and mark[1].upper() for mark in marks] == list(ascii_uppercase[: len(plain)]):
        plain = [text[mark.end() :] for text, mark in zip(plain, marks, strict=True) if mark]
    return _numbered(plain)


def _numbered(texts: Sequence[str]) -> Labelled:
    """The texts with letters in order; of more than the alphabet has, none."""
    return [*zip(ascii_uppercase[: len(texts)], texts, strict=True)] if len(texts) <= len(ascii_uppercase) else []


def _place(gold: Any, options: Labelled, kind: Kind) -> int | None:
    """The place of the right option, from 0."""
    said = str(gold).strip()
    if kind in ("from 0", "from 1"):
        place = int(said) - (kind == "from 1") if said.isdigit() else -1
        return place if 0 <= place < len(options) else None
    if kind == "text":
        return next((n for n, (_, text) in enumerate(options) if text.strip() == said), None)
    bare = said.strip("().:").upper()
    by_label = next((n for n, (label, _) in enumerate(options) if label.upper() == bare), None)
    marked = _MARK.match(said)
    if by_label is None and marked and ascii_uppercase.index(marked[1].upper()) < len(options):
        return ascii_uppercase.index(marked[1].upper())
    return by_label
