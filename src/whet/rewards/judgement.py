"""Judges a completion: which answer it gives, by which rule, and whether that is right and why."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from whet.formats import ResponseFormat
from whet.formats.reasoning_marks import reasoning_end
from whet.rewards.answer import find_candidate, last_place, reasoning_is_open, without_end_tokens
from whet.rewards.equality import answers_equal
from whet.rewards.extraction.candidate import Candidate, Kind
from whet.rewards.extraction.doubt import replaces
from whet.rewards.extraction.places import boxed
from whet.rewards.extraction.readings import read
from whet.rewards.gold_answer import kind_of
from whet.rewards.latex import Compare
from whet.rewards.ordering import in_wrong_order
from whet.rewards.worked_out import is_worked_out, names_variable

Verify = Callable[[str], float]
"""A problem's own verifier, in the column `verifier` of sources with more than one right answer: the score of an answer
in [0, 1], such as whether an expression evaluates to 24."""

Finder = Callable[[str, Kind], Candidate | None]
"""From a completion and the kind of its gold answer to the answer it gives."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a completion is right, with the evidence."""

    right: bool
    candidate: Candidate | None
    """The answer that was found; None where no rule found one."""
    gold: str
    why: str
    """A sentence."""


def finder(response_format: ResponseFormat | None, lenient: bool = False) -> Finder:
    """How an answer is found: in the place that the format has for it, anywhere, or, `lenient`, first there."""
    if response_format is None:
        return find_candidate
    if not lenient:
        return lambda text, kind: in_format(text, response_format, kind)
    return lambda text, kind: in_format(text, response_format, kind) or find_candidate(text, kind)


def in_format(text: str, response_format: ResponseFormat, kind: Kind = Kind.ANY) -> Candidate | None:
    """The answer in the place that a format has for it, read as anywhere else: a sign at the box, a label, …."""
    text = without_end_tokens(text)
    answer = response_format.parse(text).answer
    rule = f"format {response_format.name}"
    if answer is None:
        return None
    if reasoning_is_open(text):
        return Candidate(rule, answer, refused="the reasoning never ends", strict=True)
    notes: tuple[str, ...] = ()
    if response_format.name == "boxed":
        text = text[reasoning_end(text) :]
        place = last_place(boxed(text, kind), text, kind)
        refused = place.refused or ("replaced afterwards" if replaces(text[place.end :], place.text) else "")
        if refused:
            return Candidate(rule, place.text, notes=place.notes, refused=refused, strict=True)
        answer, notes = place.text, place.notes
    reading = read(answer, kind)
    refused = reading.refused if reading.forms else "nothing readable"
    return Candidate(rule, answer, reading.forms, notes + reading.notes, refused, strict=True)


def judge(
    text: str,
    find: Finder,
    golds: Sequence[str],
    verify: Verify | None = None,
    equal: Compare = answers_equal,
    question: str = "",
) -> Judgement:
    """Whether the answer of a completion equals one of the gold answers, or passes the problem's own verifier.

    Args:
        text: the completion.
        find: how its answer is found.
        golds: the gold answers that are accepted, at least one.
        verify: the problem's own verifier; it gets the answer as it stands in the format, or else its shortest form.
        equal: compares two answers.
        question: the problem's text: what is copied from it is not worked out.
    """
    found = None
    for gold in golds:
        kind = kind_of(gold)
        found = find(text, kind)
        if found is None or found.refused:
            continue
        if not found.strict and kind in (Kind.NUMBER, Kind.AMOUNT) and _is_copied(text, question):
            found = Candidate(found.rule, found.text, refused="a copy of the question")
            continue
        if kind is Kind.LETTER and names_variable(found.text, question):
            continue
        if callable(verify):
            passed = bool(found.given.strip()) and verify(found.given) >= 1.0
            return Judgement(passed, found, gold, f"the problem's verifier {'accepts' if passed else 'rejects'} it")
        for form in found.forms:
            if in_wrong_order(form, gold, question):
                break
            if is_worked_out(form, gold, question) and equal(form, gold):
                return Judgement(True, found, gold, _why_right(found, form))
    return Judgement(False, found, golds[0], _why_wrong(found))


def _is_copied(text: str, question: str) -> bool:
    """Whether a completion is a passage of the question, of more words than an answer has."""
    words = text.split()
    return len(words) >= _PASSAGE and " ".join(words) in " ".join(question.split())


_PASSAGE = 5
"""Words from which on what stands in the question word for word is no answer."""


def _why_right(found: Candidate, form: str) -> str:
    around = f" ({', '.join(found.notes)})" if found.notes else ""
    return f"equal, read as {form}{around}" if form != found.text else f"equal{around}"


def _why_wrong(found: Candidate | None) -> str:
    if found is None:
        return "no rule finds an answer"
    around = f" ({', '.join(found.notes)})" if found.notes else ""
    return found.refused or f"not equal, read as {found.answer}{around}"
