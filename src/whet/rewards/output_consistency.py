"""Self-consistency reward: whether reasoning, stated output and final answer of a completion agree."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from whet.formats import Parsed, ResponseFormat, boxes, numbers
from whet.protocols import RewardFn
from whet.rewards.answer import find_answer
from whet.rewards.completions import responses
from whet.rewards.equality import answers_equal
from whet.rewards.format_compliance import given
from whet.rewards.latex import Compare
from whet.rewards.quantities import quantity

_RELATION = re.compile(r"=|\\in\b")
_FORMULA = re.compile(r"\$([^$]+)\$")
_FORMULA_ENDS = re.compile(r"\n|\$|\\(?:[\])\\]|end\b)")
_SENTENCE_ENDS = re.compile(r"\n|(?<=[^\s.\d][.!?;])\s+|(?<=\d[.!?;])\s+(?=[A-Z$\\])")
_STATED = re.compile(r"\banswers?\b[*_\s]*(?:is|are|was|=|:)(?!\W*(?:the\s+)?(?:final\s+)?answer)", re.IGNORECASE)
_LISTED = re.compile(r"\d\W*(?:[,;|/]|\bor\b|\band\b)\W*\d(?<!\d,\d)(?<!\d/\d)")
"""Several numbers named one after another: none of them is the result."""
_ALTERNATIVES = re.compile(r"=\s*-?\d[\d.,]*\s*,?\s*\bor\b\s+[A-Za-z]\s*=", re.IGNORECASE)
"""Two values for one name: `x = 3 or x = 4`."""
_CONCLUDED = re.compile(r"\b(?:so|thus|hence|therefore)\b,?\s+([^=]+)$", re.IGNORECASE)
_EXPLICIT = re.compile(rf"{_STATED.pattern}|\\boxed", re.IGNORECASE)
_HAS_RESULT = re.compile(r"[\d$=]|\\(?!end|begin|item)")
_RESULT_AGAIN = re.compile(
    r"^(?:(?:so|thus|hence|therefore|then|or|and|no|wait|actually|it is)\b[\s,:]*){0,3}[\s$*=(\[]*[-\d.,\\][^A-Za-z]*$"
    r"|^[^\\]*\d\s*=\s*\d+\W*$",
    re.IGNORECASE,
)
"""A sentence that is only a value, or a sum with its result: after a stated answer it gives another one."""
_CLAUSE_ENDS = re.compile(r"[;\n]|[.!?,]\s+")
_CLAIM = re.compile(
    r"\W*(?:(?:or|and|also|maybe|perhaps)\s+)?(?P<name>(?:the\s+)?[A-Za-z]\w*)[\s$*]*(?:=|\bis\b)[\s$*]*"
    r"(?P<value>-?\d+(?:[.,]\d+)*)\W*|\W*or\s+(?P<other>-?\d+(?:[.,]\d+)*)\W*",
    re.IGNORECASE,
)
"""A clause that only gives a name a value: `the result is 7`, `x = 7`, or after another, `or 7`."""
_LONGEST_CLAIM = 60
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

    def reward(*, completions: list[Any], prompts: Sequence[Any] = (), **_: Any) -> list[float | None]:
        parsed = [layout.parse(text) for text in responses(prompts, completions)]
        return [score(parts, parts.answer, equal) if parts.answer else 0.0 for parts in parsed]

    return reward


def _with_output(parts: Parsed, answer: str, equal: Compare) -> float:
    return (_gives(parts.reasoning or "", answer, equal) + _gives(parts.output or "", answer, equal)) / 2


def _without_output(parts: Parsed, answer: str, equal: Compare) -> float | None:
    reasoning = parts.reasoning or ""
    return None if _OPEN.search(reasoning[-_TAIL:]) else float(_gives(reasoning, answer, equal))


def _gives(part: str, answer: str, equal: Compare) -> bool:
    """Whether a part ends in the answer, and gives no other one."""
    sentences = [one for one in _SENTENCE_ENDS.split(part) if one.strip(" \t$*.")]
    explicit = [place for place, one in enumerate(sentences) if _EXPLICIT.search(one)]
    stated = _stated(part) if explicit else []
    if stated:
        if not all(equal(one, answer) for one in stated):
            return False
        later = [one for one in sentences[explicit[-1] + 1 :] if _RESULT_AGAIN.search(one)]
        return all(any(equal(result, answer) for result in _readings(one)) for one in later)
    if _claims_several(part, equal):
        return False
    end = next((one for one in reversed(sentences) if _HAS_RESULT.search(one)), "")
    return any(equal(result, answer) for result in _readings(end)) or _names(sentences[-1:], answer)


def _claims_several(part: str, equal: Compare) -> bool:
    """Whether a part ends in claims that give one name several values, one right after the other."""
    name, values = "", list[str]()
    for clause in filter(str.strip, reversed(_CLAUSE_ENDS.split(part))):
        found = _CLAIM.fullmatch(clause) if len(clause) <= _LONGEST_CLAIM else None
        own = (found["name"] or name).lower() if found else ""
        if not found or (name and own != name):
            break
        name = own
        values.append(found["value"] or found["other"])
    return any(not equal(value, values[0]) for value in values[1:])


def _stated(part: str) -> list[str]:
    """Every answer that a part states: in a box, or after "the answer is"."""
    boxed = [box.answer for box in boxes(part)]
    texts = [_SENTENCE_ENDS.split(text, maxsplit=1)[0] for text in _STATED.split(part)[1:]]
    worded = [text if _LISTED.search(text) else find_answer(f"The answer is {text}") or "" for text in texts]
    return [one for one in (*boxed, *worded) if one]


def _readings(sentence: str) -> Iterator[str]:
    """What a sentence may give as its result: what follows its last relation; without one, its formula or number."""
    _, *behind = _RELATION.split(sentence)
    if _ALTERNATIVES.search(sentence):
        return
    if behind and (concluded := _CONCLUDED.search(behind[-1])):
        yield find_answer(concluded[1]) or ""
    elif behind:
        yield from (span.answer for span in islice(numbers(behind[-1]), 1))
        yield _unbraced(_FORMULA_ENDS.split(behind[-1], maxsplit=1)[0])
    elif formulas := _FORMULA.findall(sentence):
        yield _unbraced(formulas[-1])
    yield sentence.strip()
    if not behind and not _LISTED.search(sentence):
        yield find_answer(sentence) or ""


def _unbraced(formula: str) -> str:
    formula = formula.strip(" .,&")
    return formula[1:-1] if formula.startswith("{") and formula.endswith("}") else formula


def _names(last: list[str], answer: str) -> bool:
    """Whether the answer is words, not a number, and the last sentence contains them."""
    worded = quantity(answer) is None and re.fullmatch(r"[^\W\d_]{3,}(?:[ '’-][^\W\d_]+)*", answer)
    return bool(last and worded and re.search(rf"\b{re.escape(answer)}\b", last[0], re.IGNORECASE))
