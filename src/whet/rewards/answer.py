r"""Lenient answer extraction: the answer of a completion in no agreed layout.

One completion gives one answer, so listing many does not help: one place counts (`extraction/places.py` has the table
of rules), and what stands there is read as one claim (`extraction/readings.py`).
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from whet.formats.reasoning_marks import CLOSES, OPENS
from whet.rewards.extraction.candidate import Candidate, Kind, Place
from whet.rewards.extraction.doubt import replaces, takes_back
from whet.rewards.extraction.places import RULES, rivals
from whet.rewards.extraction.readings import read


def find_answer(text: str) -> str | None:
    r"""Extracts the answer of a completion, without its reasoning up to a closing `</think>`; None without one.

    >>> find_answer("16 - 7 = 9, and 2 * 9 = 18. The answer is $18. I hope it is correct.")
    '18'
    >>> find_answer("I do not know.") is None, find_answer("It is 18 or 20.") is None
    (True, True)
    """
    found = find_candidate(text)
    return found.answer if found and not found.refused else None


def find_candidate(text: str, kind: Kind = Kind.ANY) -> Candidate | None:
    r"""The answer of a completion with its evidence; `kind` is what the gold answer is. None where no rule finds one.

    A place that holds nothing readable, such as `\boxed{?}`, leaves the word to the next; one with two answers for one
    does not.

    >>> find_candidate("So the fee is $-\\boxed{256}$.", Kind.NUMBER).answer
    '-256'
    """
    if reasoning_is_open(text):
        return Candidate("", "", refused="the reasoning never ends")
    text = without_end_tokens(text if text.isascii() else text.translate(_WIDE_DIGITS))
    visible = CLOSES.split(text)[-1]
    for place in _places(visible if visible.strip() else CLOSES.sub("", text), kind):
        if place.refused:
            return Candidate(place.rule, place.text, (), place.notes, place.refused)
        reading = read(place.text, kind)
        if reading.forms or reading.refused:
            return Candidate(place.rule, place.text, reading.forms, place.notes + reading.notes, reading.refused)
    return None


_WIDE_DIGITS = {ord("０") + digit: str(digit) for digit in range(10)}
"""Full-width digits, as they stand in Chinese and Japanese text."""


_END_TOKENS = re.compile(r"(?:\s*(?:<\|[a-zA-Z_]{2,24}\|>|</s>|<eos>|<end_of_turn>))+\s*\Z")
_END_AREA = 200
"""Characters at the end of a text that are searched for the tokens that end it."""


def without_end_tokens(text: str) -> str:
    """A text without the tokens that end a turn, where they were left on.

    >>> without_end_tokens("#### 43<|im_end|>"), without_end_tokens("a <|b|> c")
    ('#### 43', 'a <|b|> c')
    """
    if not text.rstrip().endswith(">"):
        return text
    kept, tail = text[:-_END_AREA], text[-_END_AREA:]
    return kept + _END_TOKENS.sub("", tail)


def reasoning_is_open(text: str) -> bool:
    """Whether a reasoning block was opened and never closed: the model was still thinking."""
    starts = [one.end() for one in OPENS.finditer(text)]
    return bool(starts) and not CLOSES.search(text, starts[-1])


def _places(text: str, kind: Kind) -> Iterator[Place]:
    """The places of a text in the order in which they are asked: the last one marked as final, then rule by rule."""
    lower = text.lower()
    strong: list[Place] = []
    weak: list[Place] = []
    for rule in RULES[:-1]:
        if rule.hint in lower:
            found = rule.find(text, kind)
            if not found:
                continue
            found[-1] = last_place(found, text, kind)
            strong += [place for place in found if place.strong]
            weak += [] if found[-1].strong else found[-1:]
    inner = [place for place in strong if place.rule != "answer is"]
    strong = [place for place in strong if place.rule != "answer is" or not any(map(place.holds, inner))]
    for place in (*sorted(strong, key=lambda place: place.end, reverse=True), *weak):
        if replaces(text[place.end :], place.text):
            break
        yield place
    yield from RULES[-1].find(text, kind)


def last_place(places: list[Place], text: str, kind: Kind) -> Place:
    """The last place; where those before it give other answers in the same breath, one place with all of them.

    That is a list for a gold answer of several values, and no answer for any other.
    """
    together = rivals(places, text)
    last = places[-1]
    if takes_back(text[last.end :]):
        return replace(last, refused=f'taken back: "{last.text}"')
    if len(together) == 1:
        return last
    if kind is Kind.SEVERAL:
        return replace(last, text=", ".join(place.text for place in together))
    return replace(last, refused=f"several answers: {' and '.join(place.text for place in together[:3])}")
