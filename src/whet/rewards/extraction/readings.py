r"""Reads what stands in the place of an answer: without emphasis, label, sentence and reasons around it.

A text gives one claim in several forms, the most literal first: `Answer: 7 pens (since 3 + 4 = 7)` is compared as it
stands, then as `7 pens`, then as 7. Two answers for one, or a negation, give none.
"""

import re

from whet.rewards.extraction.alternatives import all_equal
from whet.rewards.extraction.behind import forms_of, is_bound
from whet.rewards.extraction.candidate import Kind, Reading
from whet.rewards.extraction.circumstances import is_rivalled, sentence_value, several_values
from whet.rewards.extraction.claims import main_claim, says_another
from whet.rewards.extraction.doubt import is_doubted
from whet.rewards.extraction.dress import undressed, without_period
from whet.rewards.extraction.equations import PLAIN, result
from whet.rewards.extraction.formulas import MATHS, beside, inside
from whet.rewards.extraction.hedges import denied, hedged
from whet.rewards.extraction.languages import any_of
from whet.rewards.extraction.operands import is_led_off, is_operand
from whet.rewards.extraction.option_letters import chosen_letter, concluded, leading_letter, letters, option_text
from whet.rewards.extraction.values import Value, values
from whet.rewards.quantities import quantity

_EMPTY = re.compile(
    r"(?:\\$|[\s?.…_*$:;,#!~-]|\\(?:phantom|hspace|vspace)\s*\{[^{}]*\}|\\(?:ldots|dots|cdots|square|Box|quad|qquad)"
    r"|\\[,;: !]|\[\]|\{\})*"
)
_PLACEHOLDER = re.compile(
    r"[\[<({\s]*(?:\\text\w*\s*\{)?\s*(?:(?:the|your|final|numerical|correct)\s+)*(?:answer|result|number|value|solution)\s*(?:here)?\}?[\s\])}>.]*",
    re.IGNORECASE,
)
_LEAD_IN = re.compile(
    r"(?:(?:so|thus|hence|therefore|then|and|finally|now|ok|okay|in total|in all|altogether|overall)\b,?\s+)*"
    r"(?:(?:[A-Za-z][\w'’-]*\s+){0,5}[A-Za-z][\w'’-]+\s*:\s*)?"
    r"(?:(?:the|our|my)\s+(?:(?:final|correct|right|best|numerical)\s+)*(?:answer|result|solution(?:\sset)?|option|choice|value)"
    r"\s+(?:is|are|equals|=)\s*:?\s*)?"
    r"(?:(?:it|this|that)\s+is\s+|it['’]s\s+)?"
    r"(?:(?:therefore|thus|hence|then|simply|clearly|indeed|for sure|definitely|certainly|exactly|equal to)\b,?\s+)*",
    re.IGNORECASE,
)
_NEGATION = re.compile(
    r"(?:(?:definitely|certainly|surely|probably)\s+)?"
    rf"(?:(?:not|never|n['’]t|neither|nor|cannot|anything but|other than)\b"
    rf"|(?:{any_of('negation')})(?=\s*(?:[\d$\\(+-]|[A-J]\b)))",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"(?:about|approximately|approx\.|roughly|around|only|just|exactly|a total of|in total|≈|~|=)\s*", re.IGNORECASE
)
ANNOTATION = re.compile(r"<<[^<>\n]*>>")
"""A calculation as GSM8K's solutions note it: `<<48+24=72>>`."""
_NO_WORDS = re.compile(
    r"(?:[^A-Za-z\u0400-\u04ff\u3040-\u30ff\u4e00-\u9fff]|\\[A-Za-z]+|(?<![A-Za-z])[A-Za-z](?![A-Za-z]))*"
)
_PROSE_BEHIND = re.compile(r"(?<![A-Za-z\\])[A-Za-z]{2}|[\"″°]")
_COMPOUND = re.compile(
    r"\D?\d+\s*(?:dollars?|euros?|pounds?|hours?|minutes?|feet|foot|yards?|years?|months?|weeks?|days?|degrees?),?\s*(?:and\s+)?"
    r"\d+\s*(?:cents?|pence|minutes?|seconds?|inch(?:es)?|feet|ounces?|months?|weeks?|days?|hours?)\W*$",
    re.IGNORECASE,
)
"""One quantity in two units, such as `8 dollars and 50 cents`."""
_LONGEST = 400
"""Characters of a place that are read; a longer text is compared as it stands."""


def read(text: str, kind: Kind) -> Reading:
    """What the text of a place says.

    >>> read("Answer: 7 pens (since 3 + 4 = 7)", Kind.NUMBER).forms[-2:], read("18 or 20", Kind.NUMBER).refused
    (('7 pens', '7'), 'several answers: "18 or 20"')
    """
    text = ANNOTATION.sub("", text).strip()
    if PLAIN.fullmatch(text):
        return Reading((text,))
    if len(text) > _LONGEST:
        return Reading((text,))
    plain = undressed(text)
    if is_blank(plain):
        return Reading()
    body = plain[_LEAD_IN.match(plain).end() :].strip() or plain  # type: ignore[union-attr]  # it matches the empty string
    body = concluded(body) if kind is Kind.LETTER else option_text(body)
    if _NEGATION.match(body):
        return Reading((plain,), refused=f'a negation: "{plain}"')
    claim = without_period(main_claim(body)) or body
    if kind in (Kind.NUMBER, Kind.AMOUNT, Kind.LETTER) and denied(claim):
        return Reading((plain,), refused=f'a negation: "{plain}"')
    if kind in (Kind.NUMBER, Kind.AMOUNT) and says_another(body[len(claim) :], claim):
        return Reading((plain,), refused=f'several answers: "{plain}"')
    notes = tuple(note for note, told in _notes(text, plain, body, claim) if told)
    found = _READERS[kind](claim, body)
    forms: dict[str, str] = {}
    for form in (*reversed(found.forms), claim, body, plain):  # of forms that differ in dress only, the plainest stays
        forms.setdefault(without_period(form.strip(" $")), form)
    return Reading(tuple(reversed(forms.values())), (*notes, *found.notes), found.refused)


def is_blank(text: str) -> bool:
    r"""Whether a text holds nothing readable, or a placeholder.

    >>> [is_blank(text) for text in ("?", r"\ ", "your answer here", "x")]
    [True, True, True, False]
    """
    return bool(_EMPTY.fullmatch(text) or _PLACEHOLDER.fullmatch(text))


def _notes(text: str, plain: str, body: str, claim: str) -> list[tuple[str, bool]]:
    return [("emphasis", plain != text), ("label", body != plain), ("reason", claim != body.rstrip(" ."))]


_SO = re.compile(r",\s*(?:so|thus|hence|therefore)\b,?\s+")
"""What leads from a calculation to what it means: `12 + 24 = 36, so Tom has 36 apples`."""


def _number(claim: str, body: str) -> Reading:
    """Reads a number: the text starts with it, or is a sentence that gives one."""
    text = _unwritten(claim)
    worked, *after = _SO.split(text)
    if after and "=" in worked and values(after[-1]):
        text = after[-1]
    found = values(text)
    if found and _NO_WORDS.fullmatch(text) and "=" in text:
        return result(text)
    if not found:
        return Reading()
    lead = _ABOUT.match(text)
    start = lead.end() if lead else 0
    if hedged(text) and len({value.plain for value in found}) > 1:
        if all_equal(text, found):
            return Reading((found[0].text.strip(),), ("the same in two notations",))
        return Reading(refused=f'several answers: "{body}"')
    if found[0].start <= start and not text[: found[0].start].strip(" $"):
        return _leading(text, found[0], body)
    if _NO_WORDS.fullmatch(text) or "\\begin" in text:
        return result(text)
    value = sentence_value(text, found)
    if value and is_rivalled(value, found, text):
        return Reading(refused=f'several answers: "{body}"')
    if value and is_doubted(text[: value.start]):
        return Reading(refused=f'a doubt: "{body}"')
    if value and is_bound(text[value.end :]):
        return Reading(refused=f'a bound: "{body}"')
    return Reading(forms_of(text, value), ("sentence",)) if value else Reading()


def _amount(claim: str, body: str) -> Reading:
    """Reads a number as `_number` does, with the unit that stands behind it."""
    found = _number(claim, body)
    units = [form for form in found.forms if (read := quantity(form)) and read.tail.unit]
    return Reading((units[-1],), found.notes, found.refused) if units else found


def _leading(text: str, value: Value, body: str) -> Reading:
    """Reads a text that starts with a number: the words behind it are its unit or prose."""
    tail = text[value.end :]
    operand = is_operand(value, text) and not _COMPARED.match(tail)
    if operand or not _PROSE_BEHIND.search(tail) or _COMPOUND.match(text, value.start):
        return Reading()
    if "=" in tail:
        right = text.rpartition("=")[2].strip()
        again = values(right)
        if not again or right[: again[0].start].strip(" $"):
            return Reading()
        same_unit = tail.partition("=")[0].split() == right[again[0].end :].split()
        if same_unit and again[0].plain != value.plain:
            return Reading(refused=f'a false equation: "{body}"')
        return _leading(right, again[0], body)
    if is_bound(tail):
        return Reading(refused=f'a bound: "{body}"')
    if several_values(text):
        return Reading(refused=f'several answers: "{body}"')
    return Reading(forms_of(text, value), ("prose behind the number",))


_COMPARED = re.compile(r"\s(?:more|fewer) than \$?\d")
"""What compares an answer with another number: `36 more than 12`."""


def _unwritten(text: str) -> str:
    r"""The text with `\text{…}` and math marks taken away, so that words are words."""
    text = re.sub(r"(?<!\\)\\[ ,;:!]", " ", text)
    return re.sub(r"\\(?:text\w*|mbox|mathrm)\s*\{([^{}]*)\}", r" \1 ", text).strip()


def _letter(claim: str, body: str) -> Reading:
    claim = _unwritten(claim)
    if _OPERATOR.match(claim):
        return Reading()
    claim = _ELLIPSIS.sub(", ", claim)
    letter = leading_letter(claim)
    named = letters(claim)
    if letter and not set(named) - {letter}:
        return Reading((letter,), ("option",) if claim != letter else ())
    chosen = chosen_letter(claim)
    if chosen and _NO_WORDS.fullmatch(claim) and not _ENDS_IN_LETTER.search(claim):
        return Reading()  # options copied with what stands around them
    if len(set(named)) > 1 and (not chosen or _NO_WORDS.fullmatch(claim)):
        return Reading(refused=f'several answers: "{body}"')
    return Reading((chosen,), ("sentence",)) if chosen else Reading()


def _single(claim: str, body: str) -> Reading:
    """A formula, a word or a quantity: the claim itself, the last formula of a sentence."""
    if hedged(claim) or _YES_AND_NO.match(body):
        return Reading(refused=f'several answers: "{body}"')
    formulas = list(MATHS.finditer(claim))
    if not formulas:
        return Reading()
    last = formulas[-1]
    if is_led_off(claim, last.start()) or is_doubted(claim[: last.start()]):
        return Reading(refused=f'no value of its own: "{body}"')
    if beside(claim, last):
        return Reading(refused=f'several answers: "{body}"')
    return Reading((inside(last),))


_YES_AND_NO = re.compile(r"(?:yes\b\W*no|no\b\W*yes)\b\W*$", re.IGNORECASE)


def _several(claim: str, body: str) -> Reading:
    return Reading()


def _any(claim: str, body: str) -> Reading:
    """Without a gold answer: of a sentence its number, of any other text all of it."""
    text = _unwritten(claim)
    if (equation := result(text)).forms or equation.refused:
        return equation
    if hedged(text) or not _SENTENCE.search(text) or "\\" in text:
        return Reading()
    value = sentence_value(text, values(text))
    return Reading((value.text.strip(),), ("sentence",)) if value else Reading()


_SENTENCE = re.compile(r"(?:\b[a-z]{2,}\b[^a-z\\]*){3}", re.IGNORECASE)
_OPERATOR = re.compile(r"\(?[A-J]\)?\s*(?:[+/^]|\*\s*\d|\\(?:cdot|times|div|pm)\b)")
"""A letter that stands for a number."""
_ELLIPSIS = re.compile(r"\.{2,}(?=\s*\S)")
_ENDS_IN_LETTER = re.compile(r"(?<![A-Za-z0-9])[A-J]\W*$")
_READERS = {
    Kind.NUMBER: _number,
    Kind.AMOUNT: _amount,
    Kind.LETTER: _letter,
    Kind.SINGLE: _single,
    Kind.SEVERAL: _several,
    Kind.ANY: _any,
}
