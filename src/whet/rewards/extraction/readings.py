r"""Reads what stands in the place of an answer: without emphasis, label, sentence and reasons around it.

A text gives one claim in several forms, the most literal first: `Answer: 7 pens (since 3 + 4 = 7)` is compared as it
stands, then as `7 pens`, then as 7. Two answers for one, or a negation, give none.
"""

import re

from whet.rewards.extraction.alternatives import all_equal
from whet.rewards.extraction.candidate import Kind, Reading
from whet.rewards.extraction.circumstances import several_values, without_circumstances
from whet.rewards.extraction.dress import undressed, without_period
from whet.rewards.extraction.doubt import is_doubted, replaces, takes_back
from whet.rewards.extraction.equations import PLAIN, result
from whet.rewards.extraction.hedges import denied, has_rival, hedged, joins
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
    r"(?:(?:the|our|my)\s+(?:(?:final|correct|right|best|numerical)\s+)*(?:answer|result|solution(?: set)?|option|choice|value)\s+(?:is|are|equals|=)\s*:?\s*)?"
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
_REASON = re.compile(
    r"\s*[,;:–—]?\s*\b(?:because|since|given that|due to|as it|so that|which"
    r"|as (?:wanted|required|desired|requested))\b.*"
    r"|\s*(?:,|—|–|;)\s*(?:as (?!well\b|opposed\b|an alternative\b)|for (?=\w+ (?:is|are|was|were)\b)"
    r"|(?:the|a|an|in|with) (?![\w ]*\b(?:alternative|second|other)\b)).*"
    r"|\s+-\s+(?:the|a|an|as|because|since)\b.*"
    r"|\s*,?\s*(?<!\bif )(?<!\bis )(?<!\bare )\b(?:not|and not|rather than|instead of|it can(?:no|['’])t be"
    r"|it cannot be|it (?:is not|isn['’]t))\s.*"
    r"|,\s*(?:it|he|she|they|we)\s+[^\d]*$"
    r"|(?<!\bvs)(?<!\.)\.\s+(?![A-J]\W*$)[A-Z].*",
    re.DOTALL,
)
_FRONTED = re.compile(
    r"(?:(?:so|thus|hence|therefore|then)\b,?\s+)?"
    r"(?:(?:after|in|for|with|at|of|by|during|if|when|over|within|given|out of|per|every|each|on)\b[^,.;—]{0,60},\s*){1,3}",
    re.IGNORECASE,
)
"""Circumstances in front of a sentence, whose comma starts no reason."""
_REJECTION = re.compile(r"[\s,;]*(?:and )?(?:not|rather than|instead of|it can|it is not|it isn)")
_ASIDE = re.compile(
    r"\s*\((?=[^()\d]*[A-Za-z]{3}[^()\d]*\)|[^()]*(?:[+*/=×]|\b(?:times|of|from)\b)|[^()]*[A-Za-z]{2,}\s+[A-Za-z]{2,}|[A-Za-z]{3,}|\d[\d.]*\s*\\?%\)|(?:at|for|per|with|from)\s)[^()]*\)[.!]?$"
)
_ABOUT = re.compile(
    r"(?:about|approximately|approx\.|roughly|around|only|just|exactly|a total of|in total|≈|~|=)\s*", re.IGNORECASE
)
_STOP = re.compile(
    r"\b(?:of|for|in|on|to|that|which|who|will|would|were|was|are|is|from|after|over|with|at|by|can|could|should|must|has|have|had|left|more|fewer|"
    r"less|farther|further|longer|than|away|each|every|per|as|and|during|total|altogether)\b|[,;.(](?=\s|$)"
)
_CHANGES_VALUE = re.compile(
    r"\b(?:squared|cubed|factorial|dozens?|score|gross|pairs? of|hundreds?|thousands?|millions?|billions?"
    r"|trillions?|lakhs?|crores?|doubled|tripled|quadrupled|halved|percent\w*|half|halves|thirds?|quarters?|"
    r"fourths?|fifths?|sixths?|sevenths?|eighths?|ninths?|tenths?|hundredths?"
    r"|thousandths?|plus|minus|divided|multiplied|out of \d|over \d|mod\w*|remainder|"
    r"power|root|times \d|degrees? below|below zero|negative|and a|k|bn|mn)\b|[!^]|\\(?:pi|sqrt)\b|[²³√π½¼¾]",
    re.IGNORECASE,
)
_COPULA = re.compile(
    r"(?:\b(?:is|are|was|were|equals?|be|totals?|makes?|leaves?|gives?)\b|[=≈:→]|\\approx)\s*(?:\\?\$|\\[(\[])?\s*$",
    re.IGNORECASE,
)
ANNOTATION = re.compile(r"<<[^<>\n]*>>")
"""A calculation as GSM8K's solutions note it: `<<48+24=72>>`."""
MATHS = re.compile(r"\$\$?([^$]+)\$\$?(?!\d)|\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL)
"""A formula; a dollar sign before a digit is money, and closes none."""
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
_BLANKS = re.compile(r"\s{4,}")
"""White space that says no more than three characters of it, but would take the patterns above minutes."""
LONGEST_SENTENCE = 1500
"""Characters of a sentence that is searched for reasons, which may take the square of its length."""
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
    if kind in (Kind.NUMBER, Kind.AMOUNT) and _says_another(body[len(claim) :], claim):
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


def main_claim(body: str) -> str:
    """The text without reasons, negations and asides behind it; one longer than `LONGEST_SENTENCE` as it is.

    >>> main_claim("72, as 2 * 36 = 72 shows"), main_claim("19, not 18"), main_claim("20 dollars (for 4 people)")
    ('72', '19', '20 dollars')
    """
    if len(body) > LONGEST_SENTENCE:
        return body
    body = _BLANKS.sub("   ", body)
    fronted = _FRONTED.match(body)
    cut = _REASON.search(body, fronted.end() if fronted else 0)
    claim = body[: cut.start()] if cut and cut.start() else body
    shorter = _ASIDE.sub("", claim)
    kept = shorter.strip().rstrip("(").rstrip() or claim
    rest = body[len(kept) :]
    return body if hedged(rest) and not _REJECTION.match(rest) else kept.strip()


def _says_another(rest: str, claim: str) -> bool:
    """Whether what stands behind a claim replaces its number: `36. Actually 37`, `36. The answer is 37`."""
    if replaces(rest, claim) or takes_back(rest):
        return True
    again = _RESTATED.search(rest)
    given, other = ({value.plain for value in values(text)} for text in (claim, rest[again.end() :] if again else ""))
    return bool(given and other) and given.isdisjoint(other)


_SO = re.compile(r",\s*(?:so|thus|hence|therefore)\b,?\s+")
"""What leads from a calculation to what it means: `12 + 24 = 36, so Tom has 36 apples`."""
_RESTATED = re.compile(r"\banswer (?:is|=|:)", re.IGNORECASE)


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
    if value and has_rival(value, found, text):
        return Reading(refused=f'several answers: "{body}"')
    if value and is_doubted(text[: value.start]):
        return Reading(refused=f'a doubt: "{body}"')
    if value and is_bound(text[value.end :]):
        return Reading(refused=f'a bound: "{body}"')
    return Reading(_forms(text, value), ("sentence",)) if value else Reading()


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
    return Reading(_forms(text, value), ("prose behind the number",))


_COMPARED = re.compile(r"\s(?:more|fewer) than \$?\d")
"""What compares an answer with another number: `36 more than 12`."""


def _forms(text: str, value: Value) -> tuple[str, ...]:
    """The number with the words up to the next preposition, and the number alone where no word changes its value."""
    tail = text[value.end :]
    if is_changed(tail):
        return ((value.text + tail).strip(),)
    stop = _STOP.search(tail)
    noun = value.text + (tail[: stop.start()] if stop else tail)
    return noun.strip().rstrip(" .,;$("), value.text.strip()


def is_changed(tail: str) -> bool:
    """Whether what stands behind a number makes another one of it, such as ` dozen eggs` and ` squared`.

    The first words decide: `5 dozen eggs` is 60, `5 eggs of the second dozen` is 5.
    """
    worded = not tail[:1].strip() or tail[:1].isalpha()
    return bool(_CHANGES_VALUE.search(" ".join(tail.split()[:3]) if worded else tail[:_NEAR]))


def is_bound(tail: str) -> bool:
    """Whether what stands behind a number bounds it, goes on to another or counts in other steps: ` pens or more`.

    >>> [is_bound(text) for text in (" pens or more", " at most", " to 13 dollars", " tens", " to finish 2 houses")]
    [True, True, True, True, False]
    """
    return bool(_BOUND_BEHIND.match(tail))


_BOUND_BEHIND = re.compile(
    r"(?:\s[A-Za-z]+){0,3}?\s(?:or (?:more|less|fewer|greater|higher|lower|longer|shorter|above|below|over|under|up)"
    r"|at (?:least|most)|(?:to|through) \$?\d+)\b"
    r"|(?:\s[A-Za-z]+)?\sand (?:above|up|over|more|below)\b|\s(?:pi|tens|to the (?:second|third|fourth|fifth))\b",
    re.IGNORECASE,
)
_NEAR = 20
"""Characters behind a number that are searched for what changes its value."""


def sentence_value(text: str, found: list[Value]) -> Value | None:
    """The value that a sentence gives: the only one, or the last that is no operand; one behind `is` goes first."""
    free = without_circumstances([value for value in found if not is_operand(value, text)], text)
    stated = [value for value in free if _COPULA.search(text[max(0, value.start - 16) : value.start])]
    return (stated or free)[-1] if free else None


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
    inside = next(filter(None, last.groups())).strip()
    if is_led_off(claim, last.start()) or is_doubted(claim[: last.start()]):
        return Reading(refused=f'no value of its own: "{body}"')
    if beside(claim, last):
        return Reading(refused=f'several answers: "{body}"')
    return Reading((inside,))


def beside(claim: str, formula: re.Match[str]) -> bool:
    """Whether another formula stands right before one, as an answer, with no more than a comma between."""
    before = list(MATHS.finditer(claim[: formula.start()]))
    if not before or not _COPULA.search(claim[: before[-1].start()]):
        return False
    gap = claim[before[-1].end() : formula.start()]
    return joins(gap) and bool(gap.strip()) and "".join(before[-1][0].split()) != "".join(formula[0].split())


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
