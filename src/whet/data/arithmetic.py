"""Generates arithmetic problems at five levels of difficulty, without end and offline.

Problem `i` is a function of the parameters and of `i` alone. Training and held-out problems are disjoint by
construction: a hash of the expression decides which side it belongs to, and 37 + 45 goes where 45 + 37 goes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import accumulate, count
from operator import add, mul, sub
from typing import Annotated, Literal

from pydantic import Field, field_validator

from whet.config import Section
from whet.data.endless import EndlessProblems
from whet.data.shuffle import stable_hash
from whet.types import Problem

ROUNDING = 1e-6
"""Tolerance of the sum of shares around 1."""

_VALUE: dict[str, Callable[[int, int], int]] = {"+": add, "-": sub, "*": mul}


@dataclass(frozen=True, slots=True)
class Expression:
    """A binary expression; a term may itself be an expression."""

    left: "int | Expression"
    op: str
    right: "int | Expression"

    @property
    def value(self) -> int:
        """The value of the expression."""
        return _VALUE[self.op](_value(self.left), _value(self.right))

    @property
    def twin(self) -> str:
        """A canonical form: equal for every order of the terms of a sum or product."""
        terms = [term.twin if isinstance(term, Expression) else str(term) for term in (self.left, self.right)]
        return f"({self.op.join(terms if self.op == '-' else sorted(terms))})"

    def __str__(self) -> str:
        right = f"({self.right})" if isinstance(self.right, Expression) or self.right < 0 else str(self.right)
        return f"{f'({self.left})' if isinstance(self.left, Expression) else self.left} {self.op} {right}"


def _value(term: int | Expression) -> int:
    return term.value if isinstance(term, Expression) else term


class _Random:
    """A random generator seeded by the hash of a name: the same on every machine."""

    def __init__(self, name: str) -> None:
        self.pool = int.from_bytes(blake2b(name.encode(), digest_size=16).digest(), "big")

    def between(self, low: int, high: int) -> int:
        # Each draw takes the lowest digit of the 128-bit pool in base (high - low + 1).
        self.pool, offset = divmod(self.pool, high - low + 1)
        return low + offset

    def pick(self, options: str) -> str:
        return options[self.between(0, len(options) - 1)]


def _sums(low: int, high: int) -> Callable[[_Random], Expression]:
    """Sums and differences of numbers from `low` to `high`."""
    return lambda random: Expression(random.between(low, high), random.pick("+-"), random.between(low, high))


def _product(random: _Random) -> Expression:
    return Expression(random.between(10, 99), "*", random.between(2, 9))


def _three_operations(random: _Random) -> Expression:
    return _product(random) if random.pick("+-*") == "*" else _sums(100, 999)(random)


def _brackets(random: _Random) -> Expression:
    """At most one of the two operations is a product, and its plain factor has one digit."""
    inner = (_product if random.pick("+-*") == "*" else _sums(10, 99))(random)
    op = random.pick("+-" if inner.op == "*" else "+-*")
    other = random.between(2, 9) if op == "*" else random.between(10, 99)
    left, right = (inner, other) if random.pick("lr") == "l" else (other, inner)
    return Expression(left, op, right)


LEVELS: dict[int, Callable[[_Random], Expression]] = {
    1: _sums(0, 9),
    2: _sums(10, 99),
    3: _sums(100, 999),
    4: _three_operations,
    5: _brackets,
}
"""One digit · two digits · three digits · products too · three terms with brackets."""


Working = dict[Literal["none", "short", "full"], Annotated[float, Field(ge=0, le=1)]]


class ArithmeticParams(Section):
    """Parameters of `arithmetic`."""

    level: int = Field(2, ge=1, le=5)
    """Sums of one digit, of two, of three, products too, or three terms with brackets."""
    negative: bool = True
    """Whether results, also of brackets, may be negative."""
    working: Working = {"none": 1.0}  # noqa: RUF012 (pydantic copies a section's defaults)
    """The share of each style of worked solution, adding up to 1, such as `{full: 0.5, short: 0.5}`: `none` has the
    result alone, `short` the parts by decimal place in one chain, `full` each place on its own."""

    @field_validator("working")
    @classmethod
    def _is_a_whole(cls, value: dict[str, float]) -> dict[str, float]:
        if abs(sum(value.values()) - 1) > ROUNDING:
            raise ValueError(f"its shares add up to {sum(value.values()):g}; they must add up to 1")
        return value


@dataclass(frozen=True)
class Arithmetic(EndlessProblems):
    """An endless sequence of problems such as `What is 37 + 45?`.

    `split` is `train` or `test`; `level`, `negative` and `working` are those of `ArithmeticParams`.
    """

    split: str = "train"
    level: int = 2
    seed: int = 0
    negative: bool = True
    working: Mapping[str, float] = field(default_factory=lambda: {"none": 1.0})

    def _at(self, place: int) -> Problem:
        draws = (_Random(f"{self.seed}/{self.level}/{place}/{attempt}") for attempt in count())
        return self._problem(next(filter(self._belongs, map(LEVELS[self.level], draws))))

    def _belongs(self, expression: Expression) -> bool:
        allowed = self.negative or min(_values(expression)) >= 0
        return allowed and self._is_mine(expression.twin)

    def _work(self, expression: Expression) -> str:
        """The worked solution, in the style that the hash of the expression selects."""
        place = (stable_hash(f"working/{expression}") % 1000 + 0.5) / 1000
        ends = zip(self.working, accumulate(self.working.values()), strict=True)
        return WORKINGS[next(name for name, end in ends if place < end + ROUNDING)](expression)

    def _problem(self, expression: Expression) -> Problem:
        return Problem(
            id=f"arithmetic:{expression}".replace(" ", ""),
            question=f"What is {expression}?",
            answer=str(expression.value),
            solution=self._work(expression),
            source="arithmetic",
            columns={"level": self.level},
        )


def _values(expression: Expression) -> list[int]:
    """The values of all brackets and of the whole expression."""
    inner = [term.value for term in (expression.left, expression.right) if isinstance(term, Expression)]
    return [*inner, expression.value]


def _result_only(expression: Expression) -> str:
    """`(37 + 45) - 12 = 82 - 12 = 70`."""
    opened = Expression(_value(expression.left), expression.op, _value(expression.right))
    return " = ".join(dict.fromkeys([str(expression), str(opened), str(expression.value)]))


def _short(expression: Expression) -> str:
    """`37 + 45 = 70 + 12 = 82`: the parts by decimal place, one chain for each operation."""
    return "\n".join(map(_chain, _operations(expression)))


def _full(expression: Expression) -> str:
    """`30 + 40 = 70, 7 + 5 = 12, 37 + 45 = 82`: each place on its own, then the whole."""
    return "\n".join(map(_facts, _operations(expression)))


WORKINGS: dict[str, Callable[[Expression], str]] = {"none": _result_only, "short": _short, "full": _full}
"""The styles of worked solutions."""


def _operations(expression: Expression) -> list[Expression]:
    """Every operation between two numbers, innermost first."""
    inner = [term for term in (expression.left, expression.right) if isinstance(term, Expression)]
    whole = Expression(_value(expression.left), expression.op, _value(expression.right))
    return [*(operation for term in inner for operation in _operations(term)), whole]


def _chain(whole: Expression) -> str:
    parts = [place.value for place in _places(whole)]
    middle = str(parts[0]) + "".join(f" {'-' if part < 0 else '+'} {abs(part)}" for part in parts[1:])
    return " = ".join([str(whole), *([middle] if len(parts) > 1 else []), str(whole.value)])


def _facts(whole: Expression) -> str:
    places = _places(whole)
    return ", ".join(f"{fact} = {fact.value}" for fact in ([*places, whole] if len(places) > 1 else [whole]))


def _places(whole: Expression) -> list[Expression]:
    """The operation split by decimal places: 37 + 45 into 30 + 40 and 7 + 5, 37 * 4 into 30 * 4 and 7 * 4."""
    left, right = _value(whole.left), _value(whole.right)
    if whole.op == "*":
        return [Expression(part, "*", right) for part in _parts(left, len(str(abs(left))))]
    digits = len(str(max(abs(left), abs(right))))
    pairs = zip(_parts(left, digits), _parts(right, digits), strict=True)
    return [Expression(a, whole.op, b) for a, b in pairs]


def _parts(number: int, digits: int) -> list[int]:
    """Splits a number by its decimal places: 37 into 30 and 7."""
    return [_digit(number, 10**place) for place in range(digits - 1, -1, -1)]


def _digit(number: int, unit: int) -> int:
    """The value of the digit at a power of ten `unit`, with the number's sign."""
    return (abs(number) // unit % 10 * unit) * (-1 if number < 0 else 1)
