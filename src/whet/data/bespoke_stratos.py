r"""Loads Bespoke-Stratos-17k: long thoughts and short solutions, distilled from DeepSeek-R1.

A row has `system` and `conversations`, two turns of `from` and `value`; the second is
`<|begin_of_thought|>…<|end_of_thought|>` and `<|begin_of_solution|>…<|end_of_solution|>`. Of the 16,710 rows, those
with a `\boxed{}` in the solution are problems with an answer; the others, programming tasks, are left out.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

from whet.data.fault import Row
from whet.data.hub_dataset import hub_rows
from whet.data.intake import MAX_BROKEN, BrokenRowError, collect, problem_id
from whet.data.rows import locate, read_rows
from whet.data.worked_solution import boxed_answer, text_in
from whet.types import Problem

HUB_NAME = "bespokelabs/Bespoke-Stratos-17k"

Worked = Literal["thought", "solution", "both"]
"""Which of the two parts of a response a warm start imitates."""

WORKED: Mapping[Worked, Callable[[str, str], str]] = {
    "thought": lambda thought, solution: thought,
    "solution": lambda thought, solution: solution,
    "both": lambda thought, solution: f"{thought}\n\n{solution}",
}
"""(thought, solution) → the worked solution."""

_PART = r"<\|begin_of_{0}\|>(.*?)<\|end_of_{0}\|>"
_PARTS = re.compile(rf"\s*{_PART.format('thought')}\s*{_PART.format('solution')}\s*", re.DOTALL)
_BOX_INSTRUCTION = re.compile(r"^Return your final response within \\boxed\{\}\.\s*")
"""An instruction that is removed: the recipe's format has its own."""


def split_response(text: str) -> tuple[str, str] | None:
    """Splits a response into thought and solution, stripped; None where it does not consist of the two."""
    found = _PARTS.fullmatch(text)
    return (found[1].strip(), found[2].strip()) if found else None


def load_bespoke_stratos(
    split: str, path: str | None = None, max_broken: float = MAX_BROKEN, worked: Worked = "thought"
) -> list[Problem]:
    """Loads the problems whose solution has a boxed answer; the hub has only the split `train`.

    `path` is a file or folder to read instead; `worked` is a key of `WORKED`.
    """

    def problem(row: Row) -> Problem:
        user, assistant = _turns(row)
        parts = split_response(assistant)
        if parts is None:
            raise BrokenRowError("has a response without a thought and a solution")
        question, answer = _BOX_INSTRUCTION.sub("", user), boxed_answer(parts[1])
        solution = WORKED[worked](*parts)
        return Problem(
            problem_id("bespoke_stratos", question), question, answer, solution, source="bespoke_stratos", columns=row
        )

    if path is None:
        return collect(hub_rows(HUB_NAME, None, split), problem, f"{HUB_NAME} {split}", max_broken)
    file = locate(path, split)
    return collect(read_rows(file, split), problem, str(file), max_broken)


def _turns(row: Row) -> tuple[str, str]:
    """The contents of the user's and the assistant's message."""
    turns: Any = row.get("conversations")
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        raise BrokenRowError("has no conversations")
    if [turn.get("from") for turn in turns] != ["user", "assistant"]:
        raise BrokenRowError("has a conversation that is not one question and one response")
    return text_in(turns[0], "value"), text_in(turns[1], "value")
