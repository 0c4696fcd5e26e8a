"""Shows the first problems of a source as they were read, and which columns they were taken from."""

from collections.abc import Iterator, Sequence

from whet.data.mixed import parts_of
from whet.text import both_ends
from whet.types import Problem

ROWS = 3
"""Problems that are shown of each source."""

WIDTH = 64
"""Characters of a text that are shown, so that a line fits into 80 columns."""


def as_read(problems: Sequence[Problem]) -> Iterator[str]:
    """Yields the lines that show question, gold answer and solution of the first rows, for each source of a mixture.

    >>> list(as_read([Problem("x:1", "1 + 1?", "2", source="x", row=7, taken={"question": "q", "answer": "a"})]))
    ['x: question from q, answer from a', '  row 7     1 + 1?', '  gold      2']
    """
    for part in parts_of(problems):
        some = [part[place] for place in range(min(ROWS, len(part)))]
        if some:
            yield f"{some[0].source or 'data'}: {_taken(some[0])}"
        for place, problem in enumerate(some, 1):
            yield f"  {f'row {problem.row or place}':<10}{_shown(problem.question)}"
            yield f"  gold      {_shown(problem.answer)}"
            if problem.solution:
                yield f"  solution  {_shown(problem.solution)}"


def _taken(problem: Problem) -> str:
    """The columns of a problem's parts, as text; of a source without columns, that these are its problems."""
    named = ", ".join(f"{part} from {column}" for part, column in problem.taken.items())
    return named or f"the first {ROWS} problems"


def _shown(text: str) -> str:
    return both_ends(text, WIDTH)
