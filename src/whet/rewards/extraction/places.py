r"""The places of a completion where its answer can stand, a rule each: `\boxed{…}`, tags, `####`, "answer is", ….

A rule returns what it finds, in order; `whet.rewards.answer` decides between them.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from whet.formats import boxes, hash_lines
from whet.rewards.extraction.alternatives import same_value
from whet.rewards.extraction.box_context import in_context
from whet.rewards.extraction.candidate import Kind, Place
from whet.rewards.extraction.conclusion import conclusion
from whet.rewards.extraction.doubt import is_doubted
from whet.rewards.extraction.hedges import GOES_ON, same_breath
from whet.rewards.extraction.readings import is_blank

_OPEN_BOX = re.compile(r"\\f?boxed?\s*\{")
_BARE_BOX = re.compile(r"\\f?boxed\s*(-?\d[\d,.]*(?<![,.])|[A-J]\b)")
_TAG = re.compile(r"<answer\s*>(.*?)(</answer\s*>|$(?![\s\S])|(?=<answer\s*>))", re.IGNORECASE | re.DOTALL)
_ANSWER_IS = re.compile(
    r"[Aa](?i:nswers?)\b(?:[*_\s]*(?:(?i:is|are|was|equals)\b|[=:])"
    r"(?:[\s:*_}]|\$(?!\d[\d,.]*\s(?:for|in|after|per|every|to|within)\b)|\\[(\[])*|[*_ \t]*\n\s*(?:>\s)?(?=\S))"
)
_LED_IN = re.compile(
    r"(?P<line>^[ \t]*[#*_>]*[ \t]*(?:the\s+)?)?(?P<final>(?:\b(?:final|correct)\s+)+)?$", re.IGNORECASE | re.MULTILINE
)
_IS_THE_ANSWER = re.compile(r" (?:is|are) (?:the|my|our) (?:(?:final|correct|right) )*answer\b")
_SUBJECT = re.compile(r"(?:(?:option|choice) )?[^\s.,;:]{1,30}(?: [^\s.,;:]{1,30})?$", re.IGNORECASE)
_SENTENCE_ENDS = re.compile(rf"\.[*_]{{0,2}}\$?(?=\s|$)(?!\s+{GOES_ON})(?!(?<=\.\.)\s+[\d$(\\-])|\n|(?=\\\]|\\\)\.)")
_ABBREVIATION = re.compile(r"(?:\b(?:Rs|approx|ca|No|vs|a\.m|p\.m|[A-J]))\.$")
_LONGEST_ABBREVIATION = 10
_LABEL = re.compile(r"^[ \t]*A:[ \t]*(\S.*)$", re.MULTILINE)


class Rule(NamedTuple):
    """A rule of the table."""

    name: str
    hint: str
    """A text without which the rule finds nothing, in lower case; empty where it must always look."""
    find: Callable[[str, Kind], list[Place]]


def boxed(text: str, _: Kind) -> list[Place]:
    r"""`\boxed{…}` and `\fbox{…}`, with a sign or factor that stands at the box; a last one that never closes."""
    spans = boxes(text)
    spans = [span for span in spans if not any(span.start < one.start and one.end < span.end for one in spans)]
    found = [_box(text, span.start, span.end, span.answer) for span in spans]
    found = _standing(found)
    openings = list(_OPEN_BOX.finditer(text))
    if openings and (not spans or openings[-1].start() > spans[-1].end):
        inside = text[openings[-1].end() :].partition("\n")[0]
        found.append(
            Place("\\boxed", openings[-1].start(), len(text), inside.strip(" $."), ("the brace never closes",))
        )
    elif not spans and (bare := _BARE_BOX.search(text)):
        found.append(Place("\\boxed", bare.start(), bare.end(), bare[1], ("no braces",)))
    return found


def _box(text: str, start: int, end: int, inside: str) -> Place:
    found = in_context(text, start, end, inside)
    return Place("\\boxed", start, end, found.text, found.notes, refused=found.refused)


def _standing(found: list[Place]) -> list[Place]:
    """The boxes without those that are denied; all of them, refused, where a later denial takes the last one back."""
    kept = [place for place in found if not place.refused]
    if not kept:
        return found
    later = (place for place in found if place.start > kept[-1].start and _bare(place) == _bare(kept[-1]))
    denial = next(later, None)
    return [replace(place, refused=place.refused or denial.refused) for place in found] if denial else kept


def _bare(place: Place) -> str:
    return "".join(place.text.split())


def tagged(text: str, _: Kind) -> list[Place]:
    """`<answer>…</answer>`, whatever its case; of nested ones, the innermost; a last one that never closes."""
    notes = {True: (), False: ("the tag never closes",)}
    return [
        Place("<answer>", found.start(), found.end(), found[1].strip(), notes[bool(found[2])])
        for found in _TAG.finditer(text)
        if found[2] or found.end() == len(text)
    ]


def hashed(text: str, _: Kind) -> list[Place]:
    """`#### answer`, GSM8K's layout; a Markdown heading with text below it is none."""
    return [
        Place("####", span.start, span.end, span.answer.strip())
        for span in hash_lines(text)
        if not _is_heading(span.answer, text[span.end :])
    ]


def _is_heading(line: str, below: str) -> bool:
    words = line.strip(" *:.#")
    return bool(below.strip()) and (
        not re.search(r"\d|\\|^\W*[A-J]\W*$", words) or bool(re.match(r"(?:Step|Part|Case)\b", words))
    )


def stated(text: str, _: Kind) -> list[Place]:
    """`The answer is …`, `Answer: …`, a heading `Final answer` with the answer below, `… is the answer`."""
    matches = [(one, led) for one in list(_ANSWER_IS.finditer(text))[-_MOST:] if (led := _leads(text, one)) is not None]
    final = any(strong for _one, strong in matches)
    found: list[Place] = []
    for one, _final in matches[-_LAST:]:
        said = _sentence(text, one.end())
        if said.rstrip().endswith("?") or is_doubted(text[max(0, one.start() - _NEAR_SUBJECT) : one.end()]):
            continue
        if found and found[-1].end >= one.end():
            found.pop()  # "Final answer: the answer is 5" is one statement
        found.append(Place("answer is", one.start(), one.end() + len(said), said, strong=final))
    for one in list(_IS_THE_ANSWER.finditer(text))[-_LAST:]:
        if subject := _SUBJECT.search(text[max(0, one.start() - _NEAR_SUBJECT) : one.start()]):
            found.append(Place("answer is", one.start(), one.end(), subject[0], strong=final))
    return sorted(found, key=lambda place: place.end)


def _leads(text: str, found: re.Match[str]) -> bool | None:
    """Whether an `answer is` is marked as final: `Final answer`, a line `Answer:`, a heading; None where it is none."""
    line = text[text.rfind("\n", 0, found.start()) + 1 : found.start()]
    if line[-1:].isalpha():
        return None
    lead = _LED_IN.search(line[-_NEAR_SUBJECT:])
    at_line = len(line) < _NEAR_SUBJECT and lead is not None and lead["line"] is not None
    if found[0][-1:].isspace() and not re.search(r"[=:]|\b(?:is|are|was|equals)\b", found[0], re.IGNORECASE):
        return True if at_line else None  # a heading, with the answer below
    final = lead is not None and lead["final"] is not None
    return final or (at_line and ":" in found[0] and not line.strip(" \t#*_>"))


_NEAR_SUBJECT = 60
"""Characters before a mark that are searched for what leads to it."""
_MOST = 50
"""Statements that are searched for one that is marked as final, from the end of a text."""
_LAST = 3
"""Statements of an answer that are looked at, from the end of a text."""


def _sentence(text: str, start: int) -> str:
    """The text up to the end of its sentence; a period that ends no sentence, as in `Rs. 5` or `B. 12`, is none."""
    for end in _SENTENCE_ENDS.finditer(text, start):
        near = text[max(start, end.start() - _LONGEST_ABBREVIATION) : end.start() + 1]
        if not _ABBREVIATION.search(near) or not text[end.end() :].strip():
            return text[start : end.start()]
    return text[start:]


def labelled(text: str, _: Kind) -> list[Place]:
    """A line `A: …`."""
    return [Place("A:", one.start(), one.end(), one[1], strong=False) for one in _LABEL.finditer(text)]


RULES: tuple[Rule, ...] = (
    Rule("\\boxed", "box", boxed),
    Rule("<answer>", "<answer", tagged),
    Rule("####", "####", hashed),
    Rule("answer is", "answer", stated),
    Rule("A:", "a:", labelled),
    Rule("last sentence", "", conclusion),
)
"""Most reliable first. Of the places that are marked as final (the first three, `Final answer: …` and a line `Answer:
…`), the last one in the text counts; the other rules follow in this order."""


def rivals(places: list[Place], text: str) -> list[Place]:
    r"""The last place and those before it that give other answers in one breath: `\\boxed{1} or \\boxed{2}`."""
    together = places[-1:]
    for place in reversed(places[:-1]):
        if not same_breath(text[place.end : together[0].start]):
            break
        if not (_bare(place) == _bare(together[0]) or is_blank(place.text) or same_value(place.text, together[0].text)):
            together.insert(0, place)
    return together
