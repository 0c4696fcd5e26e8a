"""Reads equations whose right side is the answer: `5 * 9 + 2 = 47`, but not `7 * 8 = 54`."""

import re

from whet.rewards.extraction.candidate import Reading
from whet.rewards.values.calculation import calculate
from whet.rewards.values.notation import plain

PLAIN = re.compile(r"[$-]?\d[\d,]*(?:\.\d+)?")
"""A number that is nothing but one."""
_ARITHMETIC = re.compile(r"(?:[\d\s.,+*/×÷()%$^{}-]|\\(?:times|cdot|div|frac)\b)+")


def result(text: str) -> Reading:
    """The right side of an equation whose side before it is arithmetic without letters; refused where it is false.

    >>> result("5 * 9 + 2 = 47").forms, result("100/3 = 33.33").forms, result("7 * 8 = 54").refused
    (('47',), ('33.33',), 'a false equation: "7 * 8 = 54"')
    """
    *left, right = text.strip(" $.").split("=")
    if (
        not left
        or PLAIN.fullmatch(left[-1].strip())
        or not _ARITHMETIC.fullmatch(left[-1])
        or not PLAIN.fullmatch(right.strip())
    ):
        return Reading()
    if _is_false(left[-1], right.strip()):
        return Reading(refused=f'a false equation: "{text.strip()}"')
    return Reading((right.strip(),), ("equation",))


def _is_false(left: str, right: str) -> bool:
    """Whether arithmetic comes to another number, by one unit of its last digit or more."""
    value, stated = (calculate(plain(side.replace("$", "")).strip()) for side in (left, right))
    if value is None or stated is None:
        return False
    digits = len(right.partition(".")[2])
    percent = "%" in left and abs(value * 100 - stated) * 10**digits < 1
    return not percent and value != stated and abs(value - stated) * 10**digits >= 1
