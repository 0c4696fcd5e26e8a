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

    `negative=False` leaves out whatever goes below zero. `steps` is the share of solutions that work by the
    digits' places, `30 + 40 = 70, 7 + 5 = 12, 37 + 45 = 82`; the others say `37 + 45 = 82`. Raises `UserError`
    for a level or split that does not exist.
    """

    split: str = "train"
    level: int = 2
    seed: int = 0
    negative: bool = True
    steps: float = 0.0

    def __post_init__(self) -> None:
        if type(self.level) is not int or self.level not in LEVELS:
            raise UserError(f"params.level: is {self.level!r}; arithmetic has the levels 1 to {max(LEVELS)}")
        if self.split not in ("train", "test"):
            raise UserError(f"split: is {self.split!r}; arithmetic has the splits train and test")
        if not isinstance(self.negative, bool):
            raise UserError(f"params.negative: is {self.negative!r}; it must be true or false")
        if not isinstance(self.steps, int | float) or not 0 <= self.steps <= 1:
            raise UserError(f"params.steps: is {self.steps!r}; it must be a share from 0 to 1")

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

    def _in_steps(self, expression: Expression) -> bool:
        return _hash(f"steps/{expression}") % 1000 < 1000 * self.steps

    def _problem(self, expression: Expression) -> Problem:
        return Problem(
            id=f"arithmetic:{expression}".replace(" ", ""),
            question=f"What is {expression}?",
            answer=str(expression.value),
            solution="\n".join(_by_places(expression)) if self._in_steps(expression) else _in_short(expression),
            source="arithmetic",
            columns={"level": self.level},
        )


def _is_held_out(expression: Expression) -> bool:
    return _hash(expression.twin) % HELD_OUT == 0


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def _values(expression: Expression) -> list[int]:
    """What every bracket and the whole come to."""
    inner = [term.value for term in (expression.left, expression.right) if isinstance(term, Expression)]
    return [*inner, expression.value]


def _in_short(expression: Expression) -> str:
    """`(37 + 45) - 12 = 82 - 12 = 70`."""
    opened = Expression(_value(expression.left), expression.op, _value(expression.right))
    return " = ".join(dict.fromkeys([str(expression), str(opened), str(expression.value)]))


def _by_places(expression: Expression) -> list[str]:
    """A line for each operation, innermost first: hundreds, tens and units on their own, then the whole.

    `30 + 40 = 70, 7 + 5 = 12, 37 + 45 = 82`.
    """
    terms = (expression.left, expression.right)
    lines = [line for term in terms if isinstance(term, Expression) for line in _by_places(term)]
    whole = Expression(_value(expression.left), expression.op, _value(expression.right))
    places = _places(whole)
    facts = [*places, whole] if len(places) > 1 else [whole]
    return [*lines, ", ".join(f"{fact} = {fact.value}" for fact in facts)]


def _places(whole: Expression) -> list[Expression]:
    """What each decimal place contributes: 30 + 40 and 7 + 5 to 37 + 45, 30 * 4 and 7 * 4 to 37 * 4."""
    left, right = _value(whole.left), _value(whole.right)
    if whole.op == "*":
        return [Expression(part, "*", right) for part in _parts(left, len(str(abs(left))))]
    digits = len(str(max(abs(left), abs(right))))
    pairs = zip(_parts(left, digits), _parts(right, digits), strict=True)
    return [Expression(a, whole.op, b) for a, b in pairs]


def _parts(number: int, digits: int) -> list[int]:
    """37 as 30 and 7."""
    return [_digit(number, 10**place) for place in range(digits - 1, -1, -1)]


def _digit(number: int, unit: int) -> int:
    """The part of a number that its digit of this unit stands for, with the number's sign."""
    return (abs(number) // unit % 10 * unit) * (-1 if number < 0 else 1)
