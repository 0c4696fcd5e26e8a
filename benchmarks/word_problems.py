"""Writes word problems of one or two steps with small numbers, of which a model of 135 million weights solves some.

    python -m benchmarks.word_problems FILE.jsonl [--rows 600] [--solutions result|equations] [--stories plus both more]

Each row has `question`, `answer` and a terse `solution`: the result alone, or the equations. Rows differ, and are a
function of their place.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from itertools import count, islice
from pathlib import Path
from random import Random

from whet.runs import jsonl

NAMES = ("Tom", "Anna", "Ben", "Lucy", "Omar", "Mia", "Paul", "Nina", "Jack", "Sara")
THINGS = ("apples", "books", "coins", "pencils", "cookies", "stamps", "balls", "cards")

Story = Callable[[str, str, str, int, int, int], tuple[str, list[str], int]]
"""From two names, things and three numbers to a question, its equations and its answer."""


def _more(one: str, other: str, things: str, x: int, y: int, z: int) -> tuple[str, list[str], int]:
    question = f"{one} has {x} {things}. {other} gives {one} {y} more {things}. How many {things} does {one} have now?"
    return question, [f"{x} + {y} = {x + y}"], x + y


def _plus(one: str, other: str, things: str, x: int, y: int, z: int) -> tuple[str, list[str], int]:
    return f"What is {x} {things} plus {y} {things}?", [f"{x} + {y} = {x + y}"], x + y


def _both(one: str, other: str, things: str, x: int, y: int, z: int) -> tuple[str, list[str], int]:
    question = f"{one} has {x} {things} and {other} has {y} {things}. How many {things} do they have together?"
    return question, [f"{x} + {y} = {x + y}"], x + y


def _fewer(one: str, other: str, things: str, x: int, y: int, z: int) -> tuple[str, list[str], int]:
    question = f"{one} has {x + y} {things} and gives {y} of them to {other}. How many {things} does {one} have left?"
    return question, [f"{x + y} - {y} = {x}"], x


def _each(one: str, other: str, things: str, x: int, y: int, z: int) -> tuple[str, list[str], int]:
    question = f"{one} has {x} boxes with {y} {things} in each box. How many {things} does {one} have in all?"
    return question, [f"{x} * {y} = {x * y}"], x * y


def _together(one: str, other: str, things: str, x: int, y: int, z: int) -> tuple[str, list[str], int]:
    question = (
        f"{one} has {x} {things}. {other} has {y} more {things} than {one}. How many {things} do they have together?"
    )
    return question, [f"{x} + {y} = {x + y}", f"{x} + {x + y} = {x + x + y}"], x + x + y


def _and_then(one: str, other: str, things: str, x: int, y: int, z: int) -> tuple[str, list[str], int]:
    question = (
        f"{one} has {x + z} {things}. {one} buys {y} more {things} and then loses {z} of them. "
        f"How many {things} does {one} have now?"
    )
    total = x + z + y
    return question, [f"{x + z} + {y} = {total}", f"{total} - {z} = {total - z}"], total - z


STORIES: dict[str, Story] = {
    "more": _more,
    "fewer": _fewer,
    "each": _each,
    "together": _together,
    "and_then": _and_then,
    "both": _both,
    "plus": _plus,
}
"""By name. `more`, `both` and `plus` are one sum."""

MIXED = ("more", "fewer", "each", "together", "and_then")
"""The stories that are told where none are named."""

SOLUTIONS: dict[str, Callable[[list[str], int], str]] = {
    "result": lambda equations, answer: str(answer),
    "equations": lambda equations, answer: ", ".join(equations),
}
"""How a solution is written, by name."""


def rows(solutions: str, stories: Sequence[str] = MIXED) -> Iterator[dict[str, str]]:
    """Rows of which none comes twice. They end once ten thousand tries in a row told nothing new."""
    told = tuple(STORIES[name] for name in stories)
    seen, stale = set[str](), 0
    for place in count():
        random = Random(f"word problem {place}")
        one, other = random.sample(NAMES, 2)
        numbers = (random.randint(2, 9) for _ in range(3))
        question, equations, answer = random.choice(told)(one, other, random.choice(THINGS), *numbers)
        stale = stale + 1 if question in seen else 0
        if stale == 10_000:
            return
        if not stale:
            seen.add(question)
            yield {"question": question, "answer": str(answer), "solution": SOLUTIONS[solutions](equations, answer)}


def main() -> None:
    """Writes the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--rows", type=int, default=600)
    parser.add_argument("--solutions", choices=SOLUTIONS, default="result")
    parser.add_argument("--stories", nargs="+", choices=STORIES, default=MIXED)
    asked = parser.parse_args()
    told = list(islice(rows(asked.solutions, asked.stories), asked.rows))
    jsonl.write(asked.file, told)
    if len(told) < asked.rows:
        print(f"word_problems: these stories have no more than {len(told)} rows")


if __name__ == "__main__":
    main()
