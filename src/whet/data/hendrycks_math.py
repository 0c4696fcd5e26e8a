r"""Loads MATH (arXiv:2103.03874) and MATH-500, 500 of its test problems (arXiv:2305.20050).

MATH has `problem`, `level` (`Level 1` to `Level 5`), `type` and `solution`, whose last `\boxed{}` is the answer, in
seven subjects. MATH-500 has `problem`, `solution`, `answer`, `subject`, `level` (1 to 5) and `unique_id`.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Literal, get_args

from whet.data.fault import Row
from whet.data.hub_dataset import hub_rows
from whet.data.intake import MAX_BROKEN, collect, problem_id
from whet.data.rows import locate, read_rows
from whet.data.worked_solution import boxed_answer, text_in
from whet.errors import UserError
from whet.types import Problem

MATH_HUB_NAME = "EleutherAI/hendrycks_math"
MATH500_HUB_NAME = "HuggingFaceH4/MATH-500"

Subject = Literal[
    "algebra",
    "counting_and_probability",
    "geometry",
    "intermediate_algebra",
    "number_theory",
    "prealgebra",
    "precalculus",
]
"""The configurations of the hub data set."""


def load_math(
    split: str, path: str | None = None, max_broken: float = MAX_BROKEN, subjects: Sequence[str] = get_args(Subject)
) -> list[Problem]:
    """Loads a split of MATH: 7,500 training or 5,000 test problems; `path` is read whole, whatever the `subjects`."""
    if path is None:
        subsets = chain.from_iterable(hub_rows(MATH_HUB_NAME, subject, split) for subject in subjects)
        rows = ((number, row) for number, (_, row) in enumerate(subsets, 1))
        return collect(rows, _math_problem, f"{MATH_HUB_NAME} {split}", max_broken)
    file = locate(path, split)
    return collect(read_rows(file, split), _math_problem, str(file), max_broken)


def load_math500(split: str, path: str | None = None, max_broken: float = MAX_BROKEN) -> list[Problem]:
    """Loads the 500 test problems of MATH-500; `UserError` for any other split."""
    if split != "test":
        raise UserError("name: math500 has the split test only; train on another source, such as math")
    if path is None:
        return collect(hub_rows(MATH500_HUB_NAME, None, split), _math500_problem, MATH500_HUB_NAME, max_broken)
    file = locate(path, split)
    return collect(read_rows(file, split), _math500_problem, str(file), max_broken)


def _math_problem(row: Row) -> Problem:
    solution = text_in(row, "solution")
    return _problem(row, "math", boxed_answer(solution), solution)


def _math500_problem(row: Row) -> Problem:
    return _problem(row, "math500", text_in(row, "answer"), text_in(row, "solution"))


def _problem(row: Row, source: str, answer: str, solution: str) -> Problem:
    """A problem whose columns, such as `level`, keep their names."""
    question = text_in(row, "problem")
    return Problem(problem_id(source, question), question, answer, solution, source, row)
