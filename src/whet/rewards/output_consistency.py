"""Self-consistency reward: whether reasoning, stated output and final answer of a completion agree."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from whet.formats import Parsed, ResponseFormat, numbers
from whet.protocols import RewardFn
from whet.rewards.answer import find_answer
from whet.rewards.completions import text_of
from whet.rewards.equality import answers_equal
from whet.rewards.format_compliance import given
from whet.rewards.latex import Compare
from whet.rewards.quantities import quantity

_RELATION = re.compile(r"=|\\in\b")
_FORMULA = re.compile(r"\$([^$]+)\$")
_FORMULA_ENDS = re.compile(r"\n|\$|\\(?:[\])\\]|end\b)")
_OPEN = re.compile(r"(?:=|\b(?:is|are|equals)|:)[\s$*]*(?:\\[(\[])?\s*$")
"""The end of a sentence that the answer itself completes."""
_TAIL = 30
"""Characters at the end of the reasoning that `_OPEN` searches."""


def output_consistency(response_format: ResponseFormat | None, *, equal: Compare = answers_equal) -> RewardFn:
    """In [0, 1]: the share of a completion's parts whose result equals its final answer.

    The parts are the reasoning, by its last result, and, in a format that has one, the output between
    reasoning and answer. `equal` compares results. 0 where there is no answer.

    Not applicable where the format has no output and the reasoning leads straight into the answer, as in
    `37 + 45 = \\boxed{82}`: the answer then is the last result, and there is nothing to compare.

    Raises:
        UserError: there is no format to split completions by.
    """
    layout = given(response_format)
    score = _with_output if layout.parse(layout.render("", "1")).output is not None else _without_output

    def reward(*, completions: list[Any], **_: Any) -> list[float | None]:
        parsed = [layout.parse(text_of(completion)) for completion in completions]
        return [score(parts, parts.answer, equal) if parts.answer else 0.0 for parts in parsed]

    return reward


def _with_output(parts: Parsed, answer: str, equal: Compare) -> float:
    return (_gives(parts.reasoning or "", answer, equal) + _gives(parts.output or "", answer, equal)) / 2


def _without_output(parts: Parsed, answer: str, equal: Compare) -> float | None:
    reasoning = parts.reasoning or ""
    return None if _OPEN.search(reasoning[-_TAIL:]) else float(_gives(reasoning, answer, equal))


def _gives(part: str, answer: str, equal: Compare) -> bool:
    """Whether the last result of a part equals the answer."""
    return any(equal(result, answer) for result in _results(part)) or _names(part, answer)


def _results(part: str) -> Iterator[str]:
    """Candidates for the last result: extracted answer, last line, text after the last equals sign, last formula."""
    yield find_answer(part) or ""
    yield part.rstrip().rpartition("\n")[2]
    _, *behind = _RELATION.split(part)
    for text in behind[-1:]:
        yield from (span.answer for span in islice(numbers(text), 1))
        yield _unbraced(_FORMULA_ENDS.split(text, maxsplit=1)[0])
    yield from map(_unbraced, _FORMULA.findall(part)[-1:])


def _unbraced(formula: str) -> str:
    formula = formula.strip(" .,&")
    return formula[1:-1] if formula.startswith("{") and formula.endswith("}") else formula


def _names(part: str, answer: str) -> bool:
    """Whether the answer is words, not a number, and the last line of the part contains them."""
    lines = part.strip().splitlines()
    worded = quantity(answer) is None and re.fullmatch(r"[^\W\d_]{3,}(?:[ '’-][^\W\d_]+)*", answer)
    return bool(lines and worded and re.search(rf"\b{re.escape(answer)}\b", lines[-1], re.IGNORECASE))
