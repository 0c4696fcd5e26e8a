r"""Takes out of prompts what all of them say about the layout: that is for the recipe's format to ask for.

Data sets made for one trainer say, around each problem or in its system turn, "The last line of your response should be
of the form Answer: $Answer", or "put your final answer within \boxed{}".
"""

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from whet.data.intake import problem_id
from whet.text import both_ends
from whet.types import Message, Problem

FEWEST = 8
"""Problems below which what they share may be chance."""

SHORTEST = 20
"""Characters of the shortest text that counts."""

_LAYOUT = re.compile(
    r"\\boxed|<answer>|<think>|<\|begin_of_|####|step by step|Answer:|structure your (?:answer|response)"
    r"|(?:final|the|your) (?:answer|response)\b.{0,60}"
    r"\b(?:within|inside|in the form|of the form|put|own line|tags?|format)"
    r"|(?:put|give|return|enclose|write) .{0,30}answer",
    re.IGNORECASE | re.DOTALL,
)
_ENDS = re.compile(r".*(?:\n|[.:!?][\"')]?\s+)", re.DOTALL)
_BEGINS = re.compile(r"(?:\n|(?<=[.:!?])\s|\s(?=[A-Z(\[]))", re.DOTALL)
_SENTENCE = re.compile(r"\s*\S.*?(?:[.!?][\"')]*(?=\s|\Z)|:?(?=\n)|\Z)", re.DOTALL)

_LOG = logging.getLogger("whet.data")


def without_instructions(problems: list[Problem], where: str) -> list[Problem]:
    """The problems without words on the layout that all prompts share; says in a line what was taken out.

    They begin or end all questions, or stand in a system turn that all problems have.
    """
    questions = [problem.question for problem in problems]
    begins, ends = shared_beginning(questions), shared_end(questions)
    system = shared_system(problems)
    taken = [text.strip() for text in (system, begins, ends) if text]
    if not taken:
        return problems
    shown = " … ".join(both_ends(" ".join(text.split()), 100) for text in taken)
    fix = "the recipe's format asks for a layout; params.instructions: true keeps them"
    _LOG.warning("%s: took words on the layout out of every prompt: %r (%s)", where, shown, fix)
    return [_cut(problem, begins, ends, system) for problem in problems]


def _cut(problem: Problem, begins: str, ends: str, system: str) -> Problem:
    question = problem.question.replace(begins, "", 1)
    question = "".join(question.rsplit(ends, 1)) if ends else question
    turns = tuple(_without(turn, system) for turn in problem.turns)
    made = replace(problem, question=question.strip(), turns=tuple(turn for turn in turns if turn["content"]))
    return replace(made, id=problem_id(problem.source, made.asked))


def _without(turn: Message, system: str) -> Message:
    """The turn; of a system turn, without the words on the layout."""
    if turn["role"] != "system" or not system:
        return turn
    return {"role": "system", "content": turn["content"].replace(system, "", 1).strip()}


def shared_system(problems: Sequence[Problem]) -> str:
    """The words on the layout in the system turn that all problems have; empty without any."""
    systems = {next((turn["content"] for turn in one.turns if turn["role"] == "system"), "") for one in problems}
    return _layout(systems.pop()) if len(systems) == 1 and len(problems) >= FEWEST else ""


def shared_beginning(questions: Sequence[str]) -> str:
    """The sentences on the layout among those with which all questions begin; empty without any."""
    if len(questions) < FEWEST:
        return ""
    found = _ENDS.match(_common(questions))
    return _layout(found[0] if found else "")


def shared_end(questions: Sequence[str]) -> str:
    """The sentences on the layout among those with which all questions end; empty without any."""
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
    """From the first sentence on the layout to the last: what stands before and after may be part of the problem."""
    spans = list(_spans(text))
    found = text[spans[0][0] : spans[-1][1]] if spans else ""
    return found if len(found.strip()) >= SHORTEST else ""


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Where the sentences on the layout begin and end."""
    return (one.span() for one in _SENTENCE.finditer(text) if _LAYOUT.search(one[0]))
