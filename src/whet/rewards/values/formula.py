r"""Takes a formula apart from the unit behind it: `9\pi \text{ square inches}`, `2\sqrt{3} cm`."""

import re
from itertools import islice

from whet.rewards.values.tail import BARE, Tail, read_tail

_UNIT = re.compile(r"\\text\s*\{|(?<![\\\w])(?:[A-Za-z]{4,}|(?<=\s)(?:[ckm]m|ft|sq|cu)\b)")
"""Where a unit may start: text, a word of four letters, or a short one that is no product of variables."""
_MOST_STARTS = 3
_PROSE = re.compile(r"\\text\b|(?<![\\A-Za-z])(?!(?:arc)?(?:sin|cos|tan)h?\b|sqrt\b)[A-Za-z]{4,}")
_ANGLE = re.compile(
    r"(\\(?:sin|cos|tan|cot|sec|csc)(?:\s*\^\s*(?:\d|\{\d\}))?\s*)[({]?\s*(\d+(?:\.\d+)?)\s*degrees\s*[)}]?"
)
"""A function of an angle in degrees, as `plain` writes it."""


def has_prose(text: str) -> bool:
    r"""Whether words stand in a formula.

    >>> has_prose("3x + \\sin y"), has_prose("\\text{many } x"), has_prose("twice x")
    (False, True, True)
    """
    return bool(_PROSE.search(text))


def in_radians(text: str) -> str:
    r"""A formula in plain notation with the angles of its functions in radians.

    >>> in_radians("2\\sin 70 degrees")
    '2\\sin (\\frac{70\\pi}{180})'
    """
    return _ANGLE.sub(lambda found: f"{found[1]}(\\frac{{{found[2]}\\pi}}{{180}})", text)


def split_unit(text: str) -> tuple[str, Tail]:
    r"""A formula in plain notation and the unit behind it; a bare tail where there is none.

    >>> split_unit("9\\pi \\text{ square inches}")
    ('9\\pi', Tail(unit=(('inch', 2),), nouns=frozenset()))
    >>> split_unit("9\\pi squared")
    ('9\\pi squared', Tail(unit=(), nouns=frozenset()))
    """
    for found in islice(_UNIT.finditer(text), _MOST_STARTS):
        formula = text[: found.start()].rstrip()
        tail = read_tail(" " + text[found.start() :]) if formula and formula[-1] not in "\\(,{" else None
        if tail is not None:
            return formula, tail
    return text, BARE
