"""Endless sums, offline, at five levels of difficulty.

Problem `i` is a function of the parameters and of `i` alone. Training and held-out problems are disjoint by
construction: a hash of the expression decides which side it belongs to, and 37 + 45 goes where 45 + 37 goes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import count
from operator import add, mul, sub
from typing import overload

from whet.errors import UserError
from whet.types import Problem

HELD_OUT = 8
"""One expression in this many is held out."""

LENGTH = 1 << 40
"""The length of an endless source: more problems than any run draws."""

_VALUE: dict[str, Callable[[int, int], int]] = {"+": add, "-": sub, "*": mul}


@dataclass(frozen=True, slots=True)
class Expression:
    """Two terms and what joins them; a term may itself be an expression."""

    left: "int | Expression"
    op: str
    right: "int | Expression"

    @property
    def value(self) -> int:
        """What it comes to."""
        return _VALUE[self.op](_value(self.left), _value(self.right))

    @property
    def twin(self) -> str:
        """The same text for every order of the terms of a sum or product."""
        terms = [term.twin if isinstance(term, Expression) else str(term) for term in (self.left, self.right)]
        return f"({self.op.join(terms if self.op == '-' else sorted(terms))})"

    def __str__(self) -> str:
        right = f"({self.right})" if isinstance(self.right, Expression) or self.right < 0 else str(self.right)
        return f"{f'({self.left})' if isinstance(self.left, Expression) else self.left} {self.op} {right}"


def _value(term: int | Expression) -> int:
    return term.value if isinstance(term, Expression) else term


class _Dice:
    """Numbers drawn from the hash of a name: the same on every machine."""

    def __init__(self, name: str) -> None:
        self.pool = int.from_bytes(blake2b(name.encode(), digest_size=16).digest(), "big")

    def between(self, low: int, high: int) -> int:
        self.pool, offset = divmod(self.pool, high - low + 1)
        return low + offset

    def pick(self, options: str) -> str:
        return options[self.between(0, len(options) - 1)]


def _sums(low: int, high: int) -> Callable[[_Dice], Expression]:
    """Sums and differences of numbers from `low` to `high`."""
    return lambda dice: Expression(dice.between(low, high), dice.pick("+-"), dice.between(low, high))


def _product(dice: _Dice) -> Expression:
    return Expression(dice.between(10, 99), "*", dice.between(2, 9))


def _three_operations(dice: _Dice) -> Expression:
    return _product(dice) if dice.pick("+-*") == "*" else _sums(100, 999)(dice)


def _brackets(dice: _Dice) -> Expression:
    """At most one of the two operations is a product, and its plain factor has one digit."""
    inner = (_product if dice.pick("+-*") == "*" else _sums(10, 99))(dice)
    op = dice.pick("+-" if inner.op == "*" else "+-*")
    other = dice.between(2, 9) if op == "*" else dice.between(10, 99)
    left, right = (inner, other) if dice.pick("lr") == "l" else (other, inner)
    return Expression(left, op, right)


LEVELS: dict[int, Callable[[_Dice], Expression]] = {
    1: _sums(0, 9),
    2: _sums(10, 99),
    3: _sums(100, 999),
    4: _three_operations,
    5: _brackets,
}
"""One digit · two digits · three digits · products too · three terms with brackets."""


@dataclass(frozen=True)
class Arithmetic(Sequence[Problem]):
    """`What is 37 + 45?`, as often as you like.

    `negative=False` leaves out whatever goes below zero; `steps=True` works each sum out by its digits'
    places: `37 + 45 = 70 + 12 = 82`. Raises `UserError` for a level or split that does not exist.
    """

    split: str = "train"
    level: int = 2
    seed: int = 0
    negative: bool = True
    steps: bool = False

    def __post_init__(self) -> None:
        if type(self.level) is not int or self.level not in LEVELS:
            raise UserError(f"params.level: is {self.level!r}; arithmetic has the levels 1 to {max(LEVELS)}")
        if self.split not in ("train", "test"):
            raise UserError(f"split: is {self.split!r}; arithmetic has the splits train and test")
        for name in ("negative", "steps"):
            if not isinstance(getattr(self, name), bool):
                raise UserError(f"params.{name}: is {getattr(self, name)!r}; it must be true or false")

    def __len__(self) -> int:
        return LENGTH

    @overload
    def __getitem__(self, index: int) -> Problem: ...
    @overload
    def __getitem__(self, index: slice) -> list[Problem]: ...
    def __getitem__(self, index: int | slice) -> Problem | list[Problem]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(LENGTH))]
        i = range(LENGTH)[index]
        dice = (_Dice(f"{self.seed}/{self.level}/{i}/{attempt}") for attempt in count())
        return self._problem(next(filter(self._belongs, map(LEVELS[self.level], dice))))

    def disjoint_from(self, other: Sequence[Problem]) -> bool:
        """Whether no question of `other` can be one of these, by construction."""
        return isinstance(other, Arithmetic) and other.split != self.split

    def _belongs(self, expression: Expression) -> bool:
        allowed = self.negative or min(_values(expression)) >= 0
        return allowed and _is_held_out(expression) == (self.split == "test")

    def _problem(self, expression: Expression) -> Problem:
        return Problem(
            id=f"arithmetic:{expression}".replace(" ", ""),
            question=f"What is {expression}?",
            answer=str(expression.value),
            solution="\n".join(_by_places(expression)) if self.steps else _in_short(expression),
            source="arithmetic",
            columns={"level": self.level},
        )


def _is_held_out(expression: Expression) -> bool:
    digest = blake2b(expression.twin.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % HELD_OUT == 0


def _values(expression: Expression) -> list[int]:
    """What every bracket and the whole come to."""
    inner = [term.value for term in (expression.left, expression.right) if isinstance(term, Expression)]
    return [*inner, expression.value]


def _in_short(expression: Expression) -> str:
    """`(37 + 45) - 12 = 82 - 12 = 70`."""
    opened = Expression(_value(expression.left), expression.op, _value(expression.right))
    return " = ".join(dict.fromkeys([str(expression), str(opened), str(expression.value)]))


def _by_places(expression: Expression) -> list[str]:
    """A line for each operation, innermost first: hundreds, tens and units apart, then together."""
    terms = (expression.left, expression.right)
    lines = [line for term in terms if isinstance(term, Expression) for line in _by_places(term)]
    left, right = map(_value, terms)
    shown = Expression(left, expression.op, right)
    parts = _places(left, expression.op, right)
    middle = [str(parts[0]) + "".join(f" {'-' if part < 0 else '+'} {abs(part)}" for part in parts[1:])]
    return [*lines, " = ".join([str(shown), *(middle if len(parts) > 1 else []), str(shown.value)])]


def _places(left: int, op: str, right: int) -> list[int]:
    """What each decimal place contributes: 37 + 45 gives 70 and 12, 37 * 4 gives 120 and 28."""
    if op == "*" and abs(left) < abs(right):
        left, right = right, left
    digits = range(len(str(max(abs(left), abs(right)))) - 1, -1, -1)
    at = {place: 10**place for place in digits}
    if op == "*":
        return [_digit(left, unit) * right for unit in at.values()]
    return [_VALUE[op](_digit(left, unit), _digit(right, unit)) for unit in at.values()]


def _digit(number: int, unit: int) -> int:
    """The part of a number that its digit of this unit stands for, with the number's sign."""
    return (abs(number) // unit % 10 * unit) * (-1 if number < 0 else 1)
