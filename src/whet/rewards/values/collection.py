r"""Reads tuples, intervals, sets, lists and matrices: `(3, 4]`, `\{1, 2\}`, `1, 2 and 3`, `1 \pm \sqrt{2}`.

Brackets count: `(3, 4)` is not `[3, 4]`, and neither is the list `3, 4`. Sets and lists have no order.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Same = Callable[[str, str], bool]
"""(item of the answer, item of the gold answer) → whether they are equal."""

MOST_ITEMS = 100
"""Items of a collection; longer ones are not read."""


@dataclass(frozen=True, slots=True)
class Collection:
    """Items in brackets, in rows where it is a matrix."""

    kind: str
    """Opening and closing bracket; `{}` for sets and bare lists, `matrix`, `|` for determinants, `cup` for unions."""
    rows: tuple[tuple[str, ...], ...]

    def equals(self, gold: "Collection", same: Same) -> bool:
        """Whether kinds and shapes are the same and the items equal, in order unless it is a set."""
        if self.kind != gold.kind or [*map(len, self.rows)] != [*map(len, gold.rows)]:
            return False
        if self.kind in ("{}", "cup"):
            return _match(self.rows[0], gold.rows[0], same)
        return all(
            same(one, other)
            for row, golden in zip(self.rows, gold.rows, strict=True)
            for one, other in zip(row, golden, strict=True)
        )


def _match(given: Sequence[str], gold: Sequence[str], same: Same) -> bool:
    """Whether each item of one sequence equals one of its own of the other."""
    left = list(given)
    for wanted in gold:
        place = next((place for place, item in enumerate(left) if item == wanted), None)
        if place is None:
            place = next((place for place, item in enumerate(left) if same(item, wanted)), None)
        if place is None:
            return False
        del left[place]
    return not left


_MATRIX = re.compile(
    r"\\begin\s*\{(?P<name>[pbvBV]?matrix|smallmatrix|array)\}(?:\s*\{[clr|\s]*\})?(?P<body>.*)\\end\s*\{(?P=name)\}",
    re.DOTALL,
)
_AROUND_ARRAY = re.compile(r"[(\[]\s*(\\begin\s*\{(?:array|matrix|smallmatrix)\}.*)[)\]]", re.DOTALL)
_OPENING, _CLOSING = (
    {"(": "(", "[": "[", "\\{": "{", "\\langle": "("},
    {")": ")", "]": "]", "\\}": "}", "\\rangle": ")"},
)
_BRACKETED = re.compile(r"(\(|\[|\\\{|\\langle\b|\{)(.*?)(\)|\]|\\\}|\\rangle|\})", re.DOTALL)
_ONE_INTERVAL = re.compile(r"[\](\[][^()\[\]]*[)\[\]]")
_REVERSED = re.compile(r"^\]|\[$")
_TURNED = {"]": "(", "[": ")"}
"""Open ends of an interval with its brackets turned round, as in `]2, 5[`."""
_NESTED = re.compile(r"\[\s*(\[[^\[\]]*\](?:\s*,\s*\[[^\[\]]*\])*)\s*\]")
"""A matrix as code has it: `[[1, 2], [3, 4]]`."""
_SEPARATOR = re.compile(
    r"\s*(?:,|;)?\s*(?:\\text\s*\{\s*(?:and|or)\s*\}|\b(?:and|or)\b|\\(?:lor|land|vee|wedge)\b)\s*|\s*[,;]\s*"
)
_DEPTH = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}
_CUP = re.compile(r"\s*\\cup(?![A-Za-z])\s*")
_GROUPED = re.compile(r"(?<![\d,])[1-9]\d{0,2}(?:,\d{3})+(?![\d,])")
_PLUS_MINUS = re.compile(r"\\(?:pm|mp)(?![A-Za-z])")


def read_matrix(text: str) -> Collection | None:
    r"""A matrix or, of kind `|`, a determinant; None for anything else."""
    around = _AROUND_ARRAY.fullmatch(text)
    if nested := _NESTED.fullmatch(text):
        listed = re.findall(r"\[([^\[\]]*)\]", nested[1])
        return Collection("matrix", tuple(tuple(map(str.strip, row.split(","))) for row in listed[: MOST_ITEMS + 1]))
    found = _MATRIX.fullmatch(around[1].strip() if around else text)
    if not found:
        return None
    rows = [row for row in re.split(r"\\\\(?:\s*\[[^\]]*\])?", found["body"]) if row.strip()]
    cells = tuple(tuple(cell.strip() for cell in row.split("&")) for row in rows)
    return Collection("|" if found["name"][0] in "vV" else "matrix", cells) if 0 < len(cells) <= MOST_ITEMS else None


def read_collection(text: str) -> Collection | None:
    r"""A tuple, interval, union, set or list in plain notation; None for anything else.

    >>> read_collection("(3, 4]").kind, read_collection("2 and 1").rows, read_collection("x")
    ('(]', (('2', '1'),), None)
    """
    united = _split(text, _CUP)
    if len(united) > 1:
        return Collection("cup", (tuple(united),))
    text = _REVERSED.sub(lambda one: _TURNED[one[0]], text) if _ONE_INTERVAL.fullmatch(text) else text
    found = _BRACKETED.fullmatch(text)
    if found and _encloses(text, found[1], found[3]):
        kind = "{}" if found[1] in ("{", "\\{") else _OPENING[found[1]] + _CLOSING.get(found[3], "}")
        items = _split(found[2], _SEPARATOR)
        return _of(kind, items) if len(items) > 1 or found[1] == "\\{" else None
    items = _split(_ungrouped(text), _SEPARATOR)
    return _of("{}", items) if len(items) > 1 or _PLUS_MINUS.search(text) else None


def as_tuple(found: Collection) -> Collection:
    """A list of named values as a tuple: `x = 1, y = 2` and `y = 2, x = 1` as `(1, 2)`; others as they are.

    Names that are no neighbours in the alphabet stand in its order already, or the order of the tuple is unknown.
    """
    named = [_NAMED.fullmatch(item) for item in found.rows[0]] if found.kind == "{}" else []
    values = {one[1]: one[2] for one in named if one}
    names = sorted(values)
    if not named or len(names) < len(named) or (names != [*values] and not _are_neighbours(names)):
        return found
    return Collection("()", (tuple(values[name] for name in names),))


def _are_neighbours(names: list[str]) -> bool:
    """Whether names are letters that follow each other, as x, y and z do."""
    return "".join(names) in "abcdefghijklmnopqrstuvwxyz" or "".join(names) in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


_NAMED = re.compile(r"([A-Za-z](?:_\{?\w\}?)?)\s*=\s*([^=]+)")


def _of(kind: str, items: list[str]) -> Collection | None:
    if kind == "{}":
        items = [one for item in items for one in _both_signs(item)]
    return Collection(kind, (tuple(items),)) if all(items) and len(items) <= MOST_ITEMS else None


def _both_signs(item: str) -> list[str]:
    r"""The two values of an item with one \pm; other items as they are."""
    if len(_PLUS_MINUS.findall(item)) != 1:
        return [item]
    return [_PLUS_MINUS.sub(sign, item).strip().removeprefix("+").strip() for sign in ("+", "-")]


def _ungrouped(text: str) -> str:
    """The text of a bare list without commas within numbers, where other separators show which those are."""
    return (
        _GROUPED.sub(lambda found: found[0].replace(",", ""), text)
        if re.search(r",\s|\band\b|\bor\b|;", text)
        else text
    )


def _split(text: str, separator: re.Pattern[str]) -> list[str]:
    """The parts of a text between separators that are in no brackets."""
    parts, depth, start, at = [], 0, 0, 0
    while at < len(text):
        found = separator.match(text, at) if not depth else None
        if found and found.end() > at:
            parts.append(text[start:at].strip())
            start = at = found.end()
            continue
        escaped = text[at] == "\\" and text[at + 1 : at + 2] in "{}"
        at += escaped
        depth = max(0, depth + _DEPTH.get(text[at], 0)) if at < len(text) else depth
        at += 1
    return [*parts, text[start:].strip()]


def _encloses(text: str, opening: str, closing: str) -> bool:
    """Whether the first bracket closes with the last."""
    depth = 0
    for place, char in enumerate(text):
        depth += _DEPTH.get(char, 0)
        if depth <= 0 and char in ")]}" and place < len(text) - 1:
            return False
    return depth == 0 or "\\langle" in (opening, closing)
