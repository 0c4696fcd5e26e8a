r"""Loads NuminaMath-TIR: competition problems with solutions that reason in text and programs.

A row has `problem`, `solution` and the same two as `messages`. The answer is in the solution's last `\boxed{}`.
"""

from whet.data.fault import Row
from whet.data.hub_dataset import hub_rows
from whet.data.intake import MAX_BROKEN, collect, problem_id
from whet.data.rows import locate, read_rows
from whet.data.worked_solution import boxed_answer, text_in, without_programs
from whet.types import Problem

HUB_NAME = "AI-MO/NuminaMath-TIR"


def load_numina_math(
    split: str, path: str | None = None, max_broken: float = MAX_BROKEN, code: bool = False
) -> list[Problem]:
    """Loads a split: 72,441 training or 99 test problems; `path` is a file or folder to read instead of the hub.

    Solutions call a Python interpreter, which the policy does not have: their programs and outputs are removed,
    unless `code` keeps them.
    """

    def problem(row: Row) -> Problem:
        question, solution = text_in(row, "problem"), text_in(row, "solution")
        answer = boxed_answer(solution)
        worked = solution if code else without_programs(solution)
        return Problem(problem_id("numina_math", question), question, answer, worked, source="numina_math", columns=row)

    if path is None:
        return collect(hub_rows(HUB_NAME, None, split), problem, f"{HUB_NAME} {split}", max_broken)
    file = locate(path, split)
    return collect(read_rows(file, split), problem, str(file), max_broken)
