"""Reads the letter of an option: `(C) 42`, `Option B`, `It must be D, not A or B.`"""

import re

from whet.rewards.extraction.hedges import denied, doubtful

_LETTER = re.compile(r"\(?\\?(?:text\w*\{)?\(?([A-Ja-j])\)?\}?[).:]?")
_LED = re.compile(
    r"\(([A-J])\)|(?:(?:option|choice|answer|letter)\s+)?\(?([A-J])\)?(?:[).:,]|\s*$|\s+\((?=[^A-J)]*\))|\s+(?:because|since|as|is|for)\b)",
    re.I,
)
_STANDING = re.compile(
    r"(?<![\w'’.\\^_])(?<![A-J][-–—~])\(?([A-J])\)?"
    r"(?![\w'’}^_(+*–—~-]|\s*=(?!>|\s*\(?[A-J]\)?\W*$)|\.\w)",  # of `A = B` both stand alone, of `A = 5` none
    re.ASCII,
)
_ARTICLE = re.compile(
    r"(?:^|(?<=[\s(]))[AI]\s+(?=[a-z])(?!(?:is|because|since|as|or|and|nor|but|maybe"
    r"|perhaps|possibly|probably|then|also|vs|versus|to|with|plus|else|otherwise|alternatively|if|when|unless|rather"
    r"|instead|not|could|may|might)\b)"
)
_DENIED = re.compile(
    r"(?:\b(?:not|cannot|never|except|neither|nor|without|excluding|eliminate[sd]?|rule[sd]? out)\b|n['’]t\b"
    r"|\b(?:everything|anything|all) but\b)"
    r"(?:\s+\w+){0,2}[\s(*]*$",
    re.I,
)
"""What before a letter says that it is not the answer."""
_CUE = re.compile(
    r"(?:\b(?:option|choice|choose|chose|pick|select|answer is|it is|it's|it’s|must be|be|is|letter)|选|:)$", re.I
)


def leading_letter(text: str) -> str:
    """The letter of the option that a text starts with; empty where it starts with none.

    >>> [leading_letter(text) for text in ("(C) 42", "B because it is even", "Option C", "A triangle", "b")]
    ['C', 'B', 'C', '', 'B']
    """
    if whole := _LETTER.fullmatch(text):
        return whole[1].upper()
    found = _LED.match(text)
    return (found[1] or found[2]).upper() if found and not _ARTICLE.match(text) else ""


def letters(text: str) -> list[str]:
    """The letters of options that stand alone in a text, without the article `A` and the pronoun `I`.

    >>> letters("A triangle, so it is C, not (D)")
    ['C', 'D']
    """
    return [found[1] for found in _standing(text)]


def chosen_letter(text: str) -> str:
    """The one letter that a sentence names, or of several, the only one behind a word of choice; else empty.

    >>> [chosen_letter(text) for text in ("I would choose C over B", "Hence (B) is correct", "A, C or B")]
    ['C', 'B', '']
    """
    found = _standing(text)
    named = {match[1] for match in found}
    if len(named) > 1 and doubtful(text):
        return ""
    found = [match for match in found if not _DENIED.search(text[: match.start()])]
    named = {match[1] for match in found}
    if len(named) > 1:
        named = {match[1] for match in found if _CUE.search(text[: match.start()].rstrip(" *("))}
    return named.pop() if len(named) == 1 else ""


def _standing(text: str) -> list[re.Match[str]]:
    articles = {found.start() for found in _ARTICLE.finditer(text)}
    found = list(_STANDING.finditer(text))
    if len(found) > 1 and len(text.split()) <= _FEW_WORDS:
        return found  # too short for an article and a sentence: two letters
    return [one for one in found if one.start() not in articles]


_FEW_WORDS = 4


def concluded(text: str) -> str:
    """The last clause of a text about options, where it names one and does not deny it; else the text.

    >>> concluded("A is wrong, C is odd, so B is right"), concluded("I choose C, so A is wrong")
    ('B is right', 'I choose C, so A is wrong')
    """
    *before, last = _CONCLUDES.split(text)
    named = [found for found in _standing(last) if not _DENIED.search(last[: found.start()])]
    if not before or len({found[1] for found in named}) != 1 or denied(last) or doubtful(last):
        return text
    return last.strip(" ,:")


_CONCLUDES = re.compile(r"\b(?:so|hence|thus|therefore|leaving|leaves)\b", re.IGNORECASE)


def option_text(text: str) -> str:
    r"""What stands behind the letter of an option; all of a text without one.

    >>> [option_text(text) for text in (r"\textbf{(A)}\ \frac12", r"\text{(B) blue}", "C. 18", "(D)")]
    ['\\frac12', 'blue', '18', '(D)']
    """
    found = _OPTION.match(text)
    if found is None:
        return text
    rest = text[found.end() :].strip()
    opened = found[0].count("{") - found[0].count("}")
    return rest.removesuffix("}" * opened).strip() if opened > 0 else rest


_OPTION = re.compile(
    r"(?:\\(?:text\w*|math\w+|mbox)\s*\{\s*)?\(?\s*(?:\\(?:text\w*|math\w+|mbox)\s*\{\s*)?[A-J]\}?\s*[).:]\s*\}?"
    r"(?:\\[ ,;:!]|\\q?quad(?![A-Za-z])|[~\s])*(?=[^\s}])"
)
