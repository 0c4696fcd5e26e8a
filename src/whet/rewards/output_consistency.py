"""Does a response agree with itself? What the reasoning arrives at, the stated output and the answer."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from whet.formats import Parsed, ResponseFormat, numbers
from whet.protocols import RewardFn
from whet.rewards.answer import find_answer
from whet.rewards.completions import text_of
from whet.rewards.equality import answers_equal
from whet.rewards.format import given
from whet.rewards.quantities import quantity

_FORMULA_ENDS = re.compile(r"\n|\$|\\(?:[\])\\]|end\b)")
_OPEN = re.compile(r"(?:=|\b(?:is|are|equals)|:)[\s$*]*(?:\\[(\[])?\s*$")
"""The end of a sentence whose result is the answer itself."""


def output_consistency(response_format: ResponseFormat | None) -> RewardFn:
    """In [0, 1]: the share of a response's parts that give the answer which it gives in the end.

    The parts are the reasoning, by its last result, and, in a format that has one, the output between
    reasoning and answer. Results are compared as gold answers are (`equality.py`). 0 where there is no answer.

    Not applicable where the format has no output and the reasoning leads straight into the answer, as in
    `37 + 45 = \\boxed{82}`: the answer then is the last result, and there is nothing to compare.

    Raises:
        UserError: there is no format, so nothing says which part is which.
    """
    parse = given(response_format).parse

    def reward(*, completions: list[Any], **_: Any) -> list[float | None]:
        return [_agreement(parse(text_of(completion))) for completion in completions]

    return reward


def _agreement(parsed: Parsed) -> float | None:
    if not parsed.answer:
        return 0.0
    reasoning = parsed.reasoning or ""
    if parsed.output is not None:
        return (_gives(reasoning, parsed.answer) + _gives(parsed.output, parsed.answer)) / 2
    return None if _OPEN.search(reasoning) else float(_gives(reasoning, parsed.answer))


def _gives(part: str, answer: str) -> bool:
    """Whether the last result of a part is this answer."""
    return any(answers_equal(result, answer) for result in _results(part)) or _names(part, answer)


def _results(part: str) -> Iterator[str]:
    """Where the last result may stand: as an answer, or behind the last equals sign as number or formula."""
    yield find_answer(part) or ""
    _, equals, behind = part.rpartition("=")
    if equals:
        yield from (span.answer for span in islice(numbers(behind), 1))
        formula = _FORMULA_ENDS.split(behind, maxsplit=1)[0].strip(" .,&")
        yield formula[1:-1] if formula.startswith("{") and formula.endswith("}") else formula


def _names(part: str, answer: str) -> bool:
    """Whether the last line of a part names an answer that is no number but words."""
    lines = part.strip().splitlines()
    worded = quantity(answer) is None and re.fullmatch(r"[^\W\d_]{3,}(?:[ '’-][^\W\d_]+)*", answer)
    return bool(lines and worded and re.search(rf"\b{re.escape(answer)}\b", lines[-1], re.IGNORECASE))
