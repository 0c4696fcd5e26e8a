r"""Takes out of questions what all of them say about the layout: that is for the recipe's format to ask for.

Data sets made for one trainer say, around each problem, "The last line of your response should be of the form Answer:
$Answer", or "put your final answer within \boxed{}".
"""

import logging
import re
from collections.abc import Sequence
from dataclasses import replace

from whet.data.intake import problem_id
from whet.text import both_ends
from whet.types import Problem

FEWEST = 8
"""Problems below which what they share may be chance."""

SHORTEST = 20
"""Characters of the shortest text that counts."""

_LAYOUT = re.compile(
    r"\\boxed|<answer>|####|step by step|Answer:|(?:final|the|your) (?:answer|response)\b.{0,60}"
    r"\b(?:within|inside|in the form|of the form|put|own line|tags?|format)"
    r"|(?:put|give|return|enclose|write) .{0,30}answer",
    re.IGNORECASE | re.DOTALL,
)
_ENDS = re.compile(r".*(?:\n|[.:!?][\"')]?\s+)", re.DOTALL)
_BEGINS = re.compile(r"(?:\n|(?<=[.:!?])\s|\s(?=[A-Z(\[]))", re.DOTALL)

_LOG = logging.getLogger("whet.data")


def without_instructions(problems: list[Problem], where: str) -> list[Problem]:
    """The problems without words on the layout that begin or end all questions; says in a line what was taken out."""
    questions = [problem.question for problem in problems]
    begins, ends = shared_beginning(questions), shared_end(questions)
    if not begins and not ends:
        return problems
    shown = " … ".join(both_ends(" ".join(text.split()), 100) for text in (begins, ends) if text)
    fix = "the recipe's format asks for a layout; params.instructions: true keeps them"
    _LOG.warning("%s: took words on the layout out of every question: %r (%s)", where, shown, fix)
    return [_cut(problem, len(begins), len(ends)) for problem in problems]


def _cut(problem: Problem, begins: int, ends: int) -> Problem:
    question = problem.question[begins : len(problem.question) - ends].strip()
    return replace(problem, question=question, id=problem_id(problem.source, question))


def shared_beginning(questions: Sequence[str]) -> str:
    """The sentences on the layout with which all questions begin; empty without any."""
    if len(questions) < FEWEST:
        return ""
    found = _ENDS.match(_common(questions))
    return _layout(found[0] if found else "")


def shared_end(questions: Sequence[str]) -> str:
    """The sentences on the layout with which all questions end; empty without any."""
    if len(questions) < FEWEST:
        return ""
    common = _common([question[::-1] for question in questions])[::-1]
    found = _BEGINS.search(common)
    return _layout(common[found.start() :] if found else "")


def _common(texts: Sequence[str]) -> str:
    """The longest beginning that all texts share: that of the first and the last in order."""
    first, last = min(texts), max(texts)
    shortest = min(len(first), len(last))
    return first[: next((place for place in range(shortest) if first[place] != last[place]), shortest)]


def _layout(text: str) -> str:
    return text if len(text) >= SHORTEST and _LAYOUT.search(text) else ""
