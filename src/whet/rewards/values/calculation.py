r"""Works out written arithmetic exactly: `37 + 45`, `2^{10}`, `5!`, `\frac{1}{2^{61}}`; π and roots as floats.

Only numbers, the four operations, powers, factorials, roots, fractions and brackets are read, and nothing whose value
would have more than `MOST_BITS`, so every text costs little.
"""

import math
import re
from fractions import Fraction
from functools import lru_cache

LONGEST = 200
"""Characters of a calculation."""
MOST_BITS = 4096
"""Bits of the numerator or denominator of any value on the way."""
DEEPEST = 20
"""Brackets inside brackets."""

Value = Fraction | float
"""A fraction where the value is exact, a float where a root or π is in it."""

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:,\d{3})+(?:\.\d+)?|\d+\.?\d*|\.\d+)|(?P<command>\\[A-Za-z]+)|(?P<name>e(?![A-Za-z]))|(?P<mark>.))",
    re.ASCII,
)
_TIMES, _DIVIDED = {"*", "\\times", "\\cdot"}, {"/", "\\div"}
_CONSTANTS = {"\\pi": math.pi, "e": math.e}
_FUNCTIONS = {"\\ln": math.log, "\\sin": math.sin, "\\cos": math.cos, "\\tan": math.tan, "\\exp": math.exp}
_CLOSING = {"(": ")", "[": "]", "{": "}"}


class _UnreadError(Exception):
    """The text is no arithmetic, or too large."""


@lru_cache(maxsize=4096)
def calculate(text: str) -> Value | None:
    r"""The value of written arithmetic in plain notation; None where it is anything else, or too large.

    >>> calculate("37 + 45"), calculate("\\frac{1}{2^{3}}"), calculate("5!"), calculate("2x"), calculate("9^{9^{9}}")
    (Fraction(82, 1), Fraction(1, 8), Fraction(120, 1), None, None)
    """
    if len(text) > LONGEST or not re.search(r"\d|\\pi|\be\b", text):
        return None
    reading = _Reading([found[found.lastgroup or "mark"] for found in _TOKEN.finditer(text.strip())])
    try:
        value = reading.sum(0)
        return value if reading.ended else None
    except (_UnreadError, ZeroDivisionError, OverflowError, ValueError):
        return None


class _Reading:
    """A pass over the tokens from left to right, one method per level of precedence."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens, self._at = tokens, 0

    @property
    def ended(self) -> bool:
        return self._at == len(self._tokens)

    def _next(self) -> str:
        return "" if self.ended else self._tokens[self._at]

    def _take(self) -> str:
        token, self._at = self._next(), self._at + 1
        return token

    def sum(self, depth: int) -> Value:
        if depth > DEEPEST:
            raise _UnreadError
        total = self._product(depth)
        while self._next() in ("+", "-"):
            sign = 1 if self._take() == "+" else -1
            total = _bounded(total + sign * self._product(depth))
        return total

    def _product(self, depth: int) -> Value:
        value = self._signed(depth)
        while True:
            token = self._next()
            if token in _TIMES or self._is_letter_times(token):
                self._take()
                value = _bounded(value * self._signed(depth))
            elif token in _DIVIDED:
                self._take()
                value = _bounded(value / self._signed(depth))
            elif token in ("(", "\\sqrt", "\\frac", "\\binom", *_CONSTANTS, *_FUNCTIONS):  # next to each other: times
                value = self._juxtaposed(value, depth)
            else:
                return value

    def _is_letter_times(self, token: str) -> bool:
        """Whether an `x` is a multiplication sign: right before a number; in `3x+2` it is a variable."""
        return (
            token == "x" and self._tokens[self._at + 1 : self._at + 2] != [] and self._tokens[self._at + 1][0].isdigit()
        )

    def _juxtaposed(self, value: Value, depth: int) -> Value:
        """`2\\sqrt{3}` is a product, `1\\frac{1}{2}` a sum."""
        mixed = self._next() == "\\frac" and self._tokens[self._at - 1].isdigit()
        factor = self._power(depth)
        return _bounded(value + factor if mixed else value * factor)

    def _signed(self, depth: int) -> Value:
        if self._next() not in ("+", "-"):
            return self._power(depth)
        sign = 1 if self._take() == "+" else -1
        return sign * self._signed(depth + 1) if depth < DEEPEST else self._fail()

    def _power(self, depth: int) -> Value:
        base = self._factorial(depth)
        if self._next() != "^":
            return base
        self._take()
        exponent = self._argument(depth)
        if self._next() == "^":
            self._fail()  # a tower: left or right first is a matter of taste
        return _raised(base, exponent)

    def _factorial(self, depth: int) -> Value:
        value = self._atom(depth)
        while self._next() == "!":
            self._take()
            double = self._next() == "!"
            if double:
                self._take()
            value = _factorial(value, 2 if double else 1)
        if self._next() == "%":
            self._take()
            value = value / 100
        return value

    def _atom(self, depth: int) -> Value:
        token = self._take()
        if token in _CLOSING:
            value = self.sum(depth + 1)
            return value if self._take() == _CLOSING[token] else self._fail()
        if token == "\\frac":
            return _bounded(self._argument(depth) / self._argument(depth))
        if token == "\\sqrt":
            return _root(self._argument(depth))
        if token in _CONSTANTS:
            return _CONSTANTS[token]
        if token in _FUNCTIONS:
            return _real(_FUNCTIONS[token](float(self._argument(depth))))
        if token == "\\binom":
            return _chosen(self._argument(depth), self._argument(depth))
        return Fraction(token.replace(",", "")) if token[:1].isdigit() or token[:1] == "." else self._fail()

    def _argument(self, depth: int) -> Value:
        """A group in braces, or one sign and number."""
        sign = -1 if self._next() == "-" and self._take() else 1
        return sign * self._atom(depth + 1)

    def _fail(self) -> Value:
        raise _UnreadError


def _bounded(value: Value) -> Value:
    if isinstance(value, Fraction) and max(value.numerator.bit_length(), value.denominator.bit_length()) > MOST_BITS:
        raise _UnreadError
    return value


def _raised(base: Value, exponent: Value) -> Value:
    if isinstance(base, float) or isinstance(exponent, float) or exponent.denominator != 1:
        return _real(float(base) ** float(exponent))
    size = max(base.numerator.bit_length(), base.denominator.bit_length())
    if abs(exponent) * size > MOST_BITS:
        raise _UnreadError
    return Fraction(base) ** int(exponent)


def _factorial(value: Value, step: int) -> Value:
    if isinstance(value, float) or value.denominator != 1 or not 0 <= value <= 400:
        raise _UnreadError
    return _bounded(Fraction(math.prod(range(int(value), 0, -step))))


def _chosen(total: Value, part: Value) -> Value:
    if isinstance(total, float) or isinstance(part, float) or not total.denominator == part.denominator == 1:
        raise _UnreadError
    if not 0 <= part <= total <= 400:
        raise _UnreadError
    return Fraction(math.comb(int(total), int(part)))


def _root(value: Value) -> Value:
    if isinstance(value, Fraction) and value >= 0:
        top, bottom = math.isqrt(value.numerator), math.isqrt(value.denominator)
        if top * top == value.numerator and bottom * bottom == value.denominator:
            return Fraction(top, bottom)
    return _real(float(value) ** 0.5)


def _real(value: float) -> float:
    """The value; refused where it is complex, as the root of a negative number, or not finite."""
    if type(value) is not float or not math.isfinite(value):
        raise _UnreadError
    return value
