"""The last rule: what the last sentence of an unmarked completion concludes, as a number, a formula or an option."""

import re
from collections.abc import Callable
from dataclasses import replace

from whet.rewards.extraction.alternatives import all_equal
from whet.rewards.extraction.behind import is_bound, is_changed
from whet.rewards.extraction.candidate import Kind, Place
from whet.rewards.extraction.circumstances import is_rivalled, sentence_value, without_circumstances
from whet.rewards.extraction.claims import LONGEST_SENTENCE, main_claim
from whet.rewards.extraction.doubt import is_doubted, replaces, takes_back
from whet.rewards.extraction.dress import undressed
from whet.rewards.extraction.formulas import MATHS, beside, inside
from whet.rewards.extraction.hedges import GOES_ON, denied, hedged, joins
from whet.rewards.extraction.languages import any_of
from whet.rewards.extraction.operands import is_led_off, is_operand
from whet.rewards.extraction.option_letters import concluded, letters
from whet.rewards.extraction.readings import ANNOTATION
from whet.rewards.extraction.values import Value, values

_RULE = "last sentence"
_ENDS = re.compile(rf"(?:(?<=[.!?])|(?<=[.!?]\$))(?<!\bvs\.)[*_]{{0,2}}\s+(?=[A-Z*$\\(])(?!{GOES_ON})|\n+")
_FORMULA = re.compile(r"[\d$\\=]|\b(?:is|are)\b")
_VARIABLE = re.compile(r"\s*\\?[A-Za-z](?:_\w)?\s*")
_BOLD = re.compile(r"\*\*([^*\n]+)\*\*")
_NEGATED = re.compile(
    rf"(?:\b(?:not|never|cannot|neither|nor)\b|n['’]t\b|{any_of('negation')})(?:\s+(?!(?:is|are|was|were|equals)\b)[\w'’]+){{0,2}}\s*\$?$",
    re.IGNORECASE,
)
_COPULA = re.compile(
    r".*(?:\b(?:is|are|was|were|equals?|be|it's|it’s)\s|(?<![<>!])=(?!>)|:\s)", re.IGNORECASE | re.DOTALL
)
_MARKED_NUMBER = re.compile(r"(?<![\\$])\$(\d[\d,.]*)\$(?![\d$])")
_YES_NO = re.compile(
    r"(?:(?:so|thus|hence|therefore),?\s+)?(yes|no)\b(?=\s*[,.!;:—–-]|\s*$)(?!\W*(?:yes|no)\b)", re.IGNORECASE
)
_CLOCK = re.compile(r"(?<![\d:])\d{1,2}:\d{2}(?![\d:])(?:\s?[ap]\.?m\b\.?)?", re.IGNORECASE)
_NOTE = re.compile(r"\W*(?:note|remark|p\.s\.|n\.b\.)[*_]*(?=\W)(?! that)", re.IGNORECASE)
_ASIDE = re.compile(r"\s*\((?=[^()\\]*[A-Za-z]{3})[^()\\]*\)")


def conclusion(text: str, kind: Kind) -> list[Place]:
    """What the last sentence that holds an answer of this kind concludes; one place at most."""
    text = ANNOTATION.sub("", text)
    return _FINDERS[kind](text) or _whole(text, kind)


def _whole(text: str, kind: Kind) -> list[Place]:
    """A completion of one short line, for a gold answer that is no number: it is nothing but an answer."""
    line = text.strip()
    few = len(line.split()) <= _FEW_WORDS and "\n" not in line and not line.endswith("?")
    return _place(text, line) if few and line and kind in (Kind.SINGLE, Kind.SEVERAL) else []


_FEW_WORDS = 6


def _sentences(text: str) -> list[str]:
    """The sentences of the text's last part, `LONGEST_SENTENCE` characters, the last one first, but no questions."""
    parts = (part for part in reversed(_ENDS.split(text[-LONGEST_SENTENCE:])) if part.strip())
    return [part for part in parts if not part.rstrip(" *_").endswith("?") and not _NOTE.match(part)]


def _place(text: str, found: str, notes: tuple[str, ...] = (), refused: str = "") -> list[Place]:
    return [Place(_RULE, len(text), len(text), found, notes, strong=False, refused=refused)]


def _number(text: str) -> list[Place]:
    sentence = next((part for part in _sentences(text) if values(part)), "")
    if not sentence:
        return []
    if bold := _bold(text, sentence):
        return bold
    claim = _bare_numbers(_without_asides(_claim(sentence, _free)))
    found = values(claim)
    if hedged(claim) and len({value.plain for value in found}) > 1:
        same = all_equal(claim, found)
        return _place(text, claim, refused="" if same else f'several answers: "{claim.strip()}"')
    if formula := _last_formula(claim, found):
        return _formula_place(text, claim, formula)
    value = sentence_value(claim, found)
    if value is None:
        led_off = any(is_led_off(claim, one.start) for one in found)
        return _place(text, claim, refused=f'no value of its own: "{claim.strip()}"') if led_off else []
    if is_rivalled(value, found, claim):
        return _place(text, claim, refused=f'several answers: "{claim.strip()}"')
    replaced = replaces(sentence.partition(value.text)[2], value.text)
    if replaced or _is_denied(claim, value.start) or takes_back(claim[value.end :]):
        return _place(text, claim, refused=f'a negation: "{claim.strip()}"')
    if is_changed(behind := claim[value.end :]) or is_bound(behind):
        return _place(text, value.text + behind)
    return _place(text, value.text.strip())


def _bare_numbers(claim: str) -> str:
    """The claim without dollar signs around its numbers, where it has no other formula."""
    bare = _MARKED_NUMBER.sub(r"\1", claim)
    return claim if MATHS.search(bare) else bare


def _bold(text: str, sentence: str) -> list[Place]:
    """The last number in bold type, with what stands around it."""
    bolds = {
        one: values(one[1])[-1] for one in _BOLD.finditer(sentence) if values(one[1]) and one[1].strip()[-1] != ":"
    }
    placed = [replace(value, start=one.start(1), end=one.end(1)) for one, value in bolds.items()]
    kept = {value.start for value in without_circumstances(placed, sentence)}
    bolds = {one: value for one, value in bolds.items() if one.start(1) in kept}
    if not bolds:
        return []
    *others, last = bolds
    near = others and bolds[others[-1]].plain != bolds[last].plain
    if near and joins(sentence[others[-1].end() : last.start()]):
        return _place(text, sentence, refused=f'several answers: "{sentence.strip()}"')
    if is_led_off(sentence, last.start()) or _is_denied(sentence, last.start()):
        return _place(text, sentence, refused=f'no value of its own: "{sentence.strip()}"')
    behind = sentence[last.end() :]
    return _place(text, last[1] + behind if is_changed(behind) or is_bound(behind) else last[1], ("bold",))


def _is_denied(claim: str, start: int) -> bool:
    """Whether a claim denies or doubts what stands at `start`."""
    return bool(_NEGATED.search(claim[:start])) or denied(claim) or is_doubted(claim[:start])


def _formula_place(text: str, claim: str, formula: re.Match[str]) -> list[Place]:
    """The place of a formula; refused where the words before it bound it, deny it or make another value of it."""
    before, behind = claim[: formula.start()], claim[formula.end() :]
    if is_led_off(claim, formula.start()) or _NEGATED.search(before) or is_doubted(before) or takes_back(behind):
        return _place(text, claim, refused=f'no value of its own: "{claim.strip()}"')
    return _place(text, inside(formula), ("formula",))


def _amount(text: str) -> list[Place]:
    """As `_number`, with the words behind the number, which may be its unit."""
    found = _number(text)
    if not found or found[0].refused or found[0].text not in text:
        return found
    start = text.rindex(found[0].text)
    return _place(text, _ENDS.split(text[start:])[0].strip())


def _free(text: str) -> list[Value]:
    """The values of a text that are no operands: `half of 60` has none."""
    return [value for value in values(text) if not is_operand(value, text)]


def _claim(sentence: str, answers: Callable[[str], object]) -> str:
    """The sentence without reasons behind its answer; all of it where nothing before them answers."""
    whole = undressed(sentence.removeprefix("> ")).rstrip(" .!")
    claim = main_claim(whole)
    return claim if answers(claim) else whole


def _without_asides(claim: str) -> str:
    """The claim without brackets that hold words, unless they hedge or hold its only number."""
    shorter = _ASIDE.sub("", claim)
    return shorter if values(shorter) and not hedged(claim) else claim


def _last_formula(claim: str, found: list[Value]) -> re.Match[str] | None:
    """The last formula, where no number stands behind it; none where it is a bare name."""
    formulas = [one for one in MATHS.finditer(claim) if not _VARIABLE.fullmatch(inside(one))]
    if not formulas or (found and found[-1].start >= formulas[-1].end()):
        return None
    return formulas[-1]


def _formula(text: str, single: bool = True) -> list[Place]:
    """The last formula, or what stands behind `is` or `=`."""
    for sentence in _sentences(text)[:2]:
        if answered := _YES_NO.match(sentence):
            return _place(text, answered[1])
        claim = _claim(sentence, _FORMULA.search)
        if hedged(claim):
            return _place(text, claim)
        if len(times := _CLOCK.findall(claim)) == 1 and not MATHS.search(claim):
            return _place(text, times[0])
        if formula := _last_formula(claim, []):
            if single and beside(claim, formula):
                return _place(text, claim, refused=f'several answers: "{claim}"')
            return _formula_place(text, claim, formula)
        stated = _COPULA.match(claim)
        if stated and claim[stated.end() :].strip():
            refused = is_doubted(claim[: stated.end()])
            return _place(text, claim[stated.end() :].strip(), refused=f'a doubt: "{claim}"' if refused else "")
        if values(claim):
            return _place(text, claim)
    return []


def _list(text: str) -> list[Place]:
    """The last formulas, or labelled values, with no more than a comma or `and` between them; else as `_formula`."""
    claim = _claim(next(iter(_sentences(text)), ""), _FORMULA.search)
    run: list[re.Match[str]] = []
    for one in MATHS.finditer(claim):
        run = [*run, one] if run and joins(claim[run[-1].end() : one.start()]) else [one]
    if len(run) > 1 and not claim[run[-1].end() :].strip(" ."):
        return _place(text, ", ".join(inside(one) for one in run), ("formulas",))
    if listed := _LISTED.search(claim):
        return _place(text, listed[0])
    return _formula(text, single=False)


_NAMED = r"(?<![\w\\])[A-Za-z](?:_\w)?\s*=(?!>)[^=$]*"
_LISTED = re.compile(rf"{_NAMED}(?:(?:,|\band\b|\bor\b)\s*{_NAMED})+$")
"""Several values each with its name: `x = 2 and x = 1`."""


def _letter(text: str) -> list[Place]:
    sentence = next((part for part in _sentences(text) if letters(_claim(part, letters))), "")
    if not sentence:
        last = undressed(next(iter(_sentences(text)), "").removeprefix("> ")).strip()
        return _place(text, last) if len(last) <= 3 or _NAMED_OPTION.fullmatch(last) else []
    claim = concluded(undressed(sentence.removeprefix("> ")).strip())
    if denied(main_claim(claim)):
        return _place(text, claim, refused=f'a negation: "{claim}"')
    return _place(text, claim)


_NAMED_OPTION = re.compile(
    r"(?:(?:option|choice|answer|letter)\s+[a-jA-J]|\\text\w*\s*\{\s*\(?[A-J]\)?\s*\})\W*", re.IGNORECASE
)

_FINDERS = {
    Kind.NUMBER: _number,
    Kind.AMOUNT: _amount,
    Kind.LETTER: _letter,
    Kind.SINGLE: _formula,
    Kind.SEVERAL: _list,
    Kind.ANY: _number,
}
