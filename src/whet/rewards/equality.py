r"""Answer equality: two texts are read as values of one kind, and values of a kind are compared exactly.

`READERS` is the table of kinds: number with unit, time, ratio, interval, set, matrix, relation, words, formula. The
first that reads both texts decides. A gold answer that is a plain number is compared as one only: an unevaluated sum
does not equal it, or copying the question would pay. Formulas go to computer algebra last (`latex.py`).
Every step is bounded, whatever the text.
"""

import re
from collections.abc import Callable
from fractions import Fraction
from functools import partial

from whet.rewards.latex import Compare, latex_equal, verify
from whet.rewards.quantities import read_quantity
from whet.rewards.values.calculation import Value, calculate
from whet.rewards.values.collection import Same, as_tuple, read_collection, read_matrix
from whet.rewards.values.formula import has_prose, in_radians, split_unit
from whet.rewards.values.notation import plain
from whet.rewards.values.numeral import APPROXIMATE_DIGITS
from whet.rewards.values.option import given_letter, gold_letter, same_options
from whet.rewards.values.relation import (
    congruence,
    has_relation,
    inequality,
    is_label,
    may_be_label,
    read_region,
    sides,
    unlabelled,
)
from whet.rewards.values.tail import BARE
from whet.rewards.values.time_of_day import read_ratio, read_time
from whet.rewards.values.worded import is_product, loose_text, read_words

Verdict = Callable[[str, str, Same, Compare], bool | None]
"""(answer, gold answer, equality of their parts, computer algebra) → equal or not; None where it cannot read both."""

_LONGEST_TEXT = 2000
"""Characters; longer answers are compared as exact strings only."""
_MOST_SIDES = 8
"""Sides of a chain of equations."""
_INTEGER = re.compile(r"-?[1-9][0-9]{0,17}")
_ATTACHED = re.compile(r"(?<=\d)(?=[A-Za-z])|(?<=\})\s*(?=[A-Za-z])")
_REMARK = re.compile(r"(.*\S)\s+\(([^()]+)\)", re.DOTALL)
_GROUPED_COMMA = re.compile(r"[-+]?[1-9]\d{0,2}(?:[. ']\d{3})+,\d+(?!\d)")
"""A decimal comma behind grouped digits, which is nothing else: `1.234,00`."""
_CLOSE = 1e-9
"""The relative difference of two floats beyond which what they approximate is not equal."""


def answers_equal(given: str, gold: str, compare: Compare = verify) -> bool:
    r"""Whether the answers `given` and `gold` are equivalent; an empty one never is. `compare` does the algebra.

    A list of answers equals no single one. Percent: `50%` is both 50 and 0.5. Units and currency: `5 cm` is
    5 and 50 mm, but 5 cm is not 5 m. The case of words does not count. docs/how-to/rewards.md has the whole table.

    >>> [answers_equal(text, "1080") for text in ("1,080.00", "$1080", "1.08 × 10^3", "1080 g.", "1080 or 9")]
    [True, True, True, True, False]
    >>> answers_equal("(3, \\frac{\\pi}{2})", "\\left( 3, \\frac{\\pi}{2} \\right)")
    True
    """
    given, gold = given.strip(), gold.strip()
    if not given or not gold or given == gold:
        return bool(given) and given == gold
    if max(len(given), len(gold)) > _LONGEST_TEXT:
        return False
    if _INTEGER.fullmatch(given) and _INTEGER.fullmatch(gold):
        return False
    return _equal(given, gold, compare)


def _equal(given: str, gold: str, compare: Compare) -> bool:
    given, gold = plain(given), plain(gold)
    if not given or not gold or len(given) > _LONGEST_TEXT:  # symbols may have become words
        return False
    if loose_text(given) == loose_text(gold):
        return True
    same = partial(_equal, compare=compare)
    for _, verdict in READERS:
        equal = verdict(given, gold, same, compare)
        if equal is not None:
            return equal
    return False


def _option(given: str, gold: str, *_: object) -> bool | None:
    letter = gold_letter(gold)
    return None if letter is None else given_letter(given) == letter


def _options(given: str, gold: str, *_: object) -> bool | None:
    """Several options, in any order, unless the gold answer has one."""
    return same_options(given, gold)


def _time(given: str, gold: str, *_: object) -> bool | None:
    time, expected = read_time(given), read_time(gold)
    return time.equals(expected) if time and expected else None


def _number(given: str, gold: str, *_: object) -> bool | None:
    expected = read_quantity(gold)
    if expected is None:
        return None
    number = read_quantity(given)
    if number is None and (expected.value.denominator != 1 or _GROUPED_COMMA.match(given)):
        number = read_quantity(given, decimal_comma=True)
    if number is None and expected.tail.unit:  # 4m, where the gold 4 m says that m is no variable
        number = read_quantity(_ATTACHED.sub(r"\\text{ }", given))
    return number.equals(expected) if number else None


def _ratio(given: str, gold: str, *_: object) -> bool | None:
    """A ratio against a ratio, or, of two numbers, against the fraction with the same value."""
    ratio, expected = (read_ratio(text) or _as_ratio(text) for text in (given, gold))
    return ratio == expected if ratio and expected else None


def _as_ratio(text: str) -> tuple[Fraction, ...] | None:
    """A fraction without a unit, as the ratio of its numerator to its denominator."""
    read = read_quantity(text)
    return (Fraction(1), 1 / read.value) if read and read.number.division and read.value and read.tail == BARE else None


def _matrix(given: str, gold: str, same: Same, _: Compare) -> bool | None:
    expected = read_matrix(gold)
    if expected is None:
        return None
    matrix = read_matrix(unlabelled(given))
    return matrix is not None and matrix.equals(expected, same)


def _region(given: str, gold: str, same: Same, _: Compare) -> bool | None:
    """An inequality against an inequality, or against an interval."""
    region, expected = read_region(given), read_region(gold)
    if region is None and expected is None:
        return None
    if region and expected and region.variable != expected.variable:
        return False
    one, other = (
        read_collection(plain(read.text if read else text)) for read, text in ((region, given), (expected, gold))
    )
    return one.equals(other, same) if one and other else None


def _collection(given: str, gold: str, same: Same, _: Compare) -> bool | None:
    expected, found = read_collection(gold), read_collection(given) or read_collection(unlabelled(given))
    if found and expected:
        return found.equals(expected, same) or as_tuple(found).equals(expected, same)
    return None if expected is None or read_quantity(gold) else False


def _chain(given: str, gold: str, same: Same, _: Compare) -> bool | None:
    """`x = 5` against 5, and `100/3 = 33.33…` against either: all sides that are no label must agree."""
    parts = sides(given)
    if not 2 <= len(parts) <= _MOST_SIDES or has_relation(gold) or (read_words(gold) and not read_quantity(gold)):
        return None
    if any(not part or (has_relation(part) and not may_be_label(part)) for part in parts):
        return None
    values = [part for part in parts if not may_be_label(part) or same(part, gold)]
    right = next((part for part in values if same(part, gold)), None)
    return right is not None and all(part == right or _agree(part, right, same) for part in values)


def _agree(side: str, right: str, same: Same) -> bool:
    """Whether two sides of a chain have one value, as far as decimals were rounded."""
    one, other = _calculated(side), _calculated(right)
    if one is None or other is None:
        return same(side, right)
    places = max(map(_places, (side, right)))
    return (
        one == other
        or same(side, right)
        or abs(float(one) - float(other)) <= max(0.51 * places, 1e-12 * abs(float(other)))
    )


def _places(text: str) -> float:
    """The unit in the last place of a decimal; 0 for anything else."""
    read = read_quantity(text)
    return float(read.number.places) / (100 if read.percent else 1) if read else 0.0


def _calculated(side: str) -> Value | None:
    """The value of a calculation, without the currency signs and words in it."""
    side = re.sub(r"\\text\s*\{[^{}]*\}|[$€£]|(?<!\\)\b[A-Za-z]{3,}\b", " ", re.sub(r"\bof\b", "*", side))
    return calculate(side.strip())


def _remark(given: str, gold: str, same: Same, _: Compare) -> bool | None:
    """`82 (37 + 45)`, `5/6 (0.833)`: the value before the bracket, where the bracket says the same in other words."""
    found = _REMARK.fullmatch(given)
    if not found or found[1] == found[2]:
        return None
    return same(found[1], gold) if _agree(found[2], found[1], same) else None


def _equation(given: str, gold: str, same: Same, compare: Compare) -> bool | None:
    """A gold `x = 5` is the value of a label, and may be given without it; a gold `x + y = 5` is an equation."""
    wanted, stated = sides(gold), sides(given)
    if len(wanted) != 2 or not all(wanted):
        return None
    label, value = wanted if is_label(wanted[0]) or not is_label(wanted[1]) else reversed(wanted)
    if is_label(label):
        if len(stated) == 1:
            return same(given, value)
        named = [side for side in stated if is_label(side) and not same(side, value)]
        if named:
            return [*map(loose_text, named)] == [loose_text(label)] and bool(_chain(given, value, same, compare))
    if len(stated) != 2 or not all(stated):
        return False
    if any(all(map(same, stated, order)) for order in (wanted, wanted[::-1])):
        return True
    return latex_equal(given, gold, compare)


def _congruence(given: str, gold: str, *_: object) -> bool | None:
    expected = congruence(gold)
    return None if expected is None else congruence(given) == expected


def _inequality(given: str, gold: str, same: Same, _: Compare) -> bool | None:
    expected = inequality(gold)
    if expected is None:
        return None
    found = inequality(given)
    return found is not None and found[1] == expected[1] and same(found[0], expected[0]) and same(found[2], expected[2])


def _words(given: str, gold: str, *_: object) -> bool | None:
    words, expected = read_words(given), read_words(gold)
    if not words or not expected:
        return None
    return True if words == expected else None if is_product(given) and is_product(gold) else False


def _formula(given: str, gold: str, _: Same, compare: Compare) -> bool:
    """Formulas with units: a number by its exact value, anything else by algebra. A plain number is none."""
    if read_quantity(gold) or has_relation(gold) or has_relation(given):
        return False
    if _same_formula(given, gold, compare):
        return True
    angles = in_radians(given), in_radians(gold)
    return angles != (given, gold) and _same_formula(*angles, compare)


def _same_formula(given: str, gold: str, compare: Compare) -> bool:
    (found, tail), (expected, gold_tail) = split_unit(given), split_unit(gold)
    if has_prose(found) or has_prose(expected) or tail.factor_to(gold_tail) != 1:
        return False
    value, wanted = calculate(found), calculate(expected)
    if value is None or wanted is None:
        return latex_equal(found, expected, compare)
    if not isinstance(wanted, float):
        return value == wanted
    if not isinstance(value, float) and _is_approximation(found, wanted):
        return True
    return abs(value - wanted) <= _CLOSE * abs(wanted) and latex_equal(found, expected, compare)


def _is_approximation(given: str, gold: float) -> bool:
    """Whether a decimal of six and more digits is an irrational number, rounded or cut off."""
    number = read_quantity(given)
    if number is None or number.number.digits < APPROXIMATE_DIGITS:
        return False
    return abs(float(number.value) - gold) < max(float(number.number.places), 1e-14 * abs(gold))


READERS: tuple[tuple[str, Verdict], ...] = (
    ("remark", _remark),
    ("options", _options),
    ("option", _option),
    ("time", _time),
    ("number", _number),
    ("ratio", _ratio),
    ("matrix", _matrix),
    ("region", _region),
    ("collection", _collection),
    ("chain", _chain),
    ("congruence", _congruence),
    ("equation", _equation),
    ("inequality", _inequality),
    ("words", _words),
    ("formula", _formula),
)
"""The kinds of answers, in the order in which they are tried."""
