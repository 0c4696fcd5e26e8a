"""Reads the letter of an option: `B`, `(B) 12`, `B. 12`, `Option B`."""

import re

_GOLD = re.compile(r"(?:option\s+|choice\s+)?[(\[]?([A-J])[)\]]?[.:)]?", re.IGNORECASE)
_GIVEN = re.compile(
    r"(?:(?:the\s+)?(?:correct\s+)?(?:option|choice|answer)\s*(?:is|:)?\s*)?"
    r"(?:[(\[]\s*(?P<enclosed>[A-Ja-j])\s*[)\]][.:]?|(?P<bare>[A-Ja-j])(?:[).:](?=\s|$)|,(?=\s+[a-z]{2})|(?=$)|(?=\s+(?:because|since)\b)))"
    r"(?P<text>.*)",
    re.DOTALL | re.IGNORECASE,
)
_ANOTHER = re.compile(
    r"[(\[]\s*[A-J]\s*[)\]]|\b(?:or|and|not|but)\b\s*\(?[A-J]\b|^\s*,?\s*[A-J]\b(?!\s+\w)|^\s*[A-J][.):]\s"
    r"|^\s*(?:[+*/^!=<>]|-\S|\\(?:cdot|times|div|pm)\b)"
)
"""Another option, or an operator behind the letter."""
_SEVERAL = re.compile(r"[({\[\\]*[A-J][)\]]?(?:\s*(?:,|、|;|&|\band\b)?\s*[(\[]?[A-J][)\]]?)+[}\]\\]*")
_LETTER = re.compile("[A-J]")
_TEXT = re.compile(r"\\text\s*\{([^{}]*)\}")


def gold_letter(text: str) -> str | None:
    """The capital letter that a gold answer in plain notation consists of; None for anything else.

    >>> gold_letter("(C)"), gold_letter("C"), gold_letter("x"), gold_letter("C = 5")
    ('C', 'C', None, None)
    """
    found = _GOLD.fullmatch(_TEXT.sub(r"\1", text).strip())
    return found[1] if found and found[1].isupper() else None


def read_options(text: str) -> frozenset[str] | None:
    """The letters of a text that names several options and nothing else; None for any other.

    >>> sorted(read_options("(A) and (C)")), read_options("AC") == read_options("C, A"), read_options("B")
    (['A', 'C'], True, None)
    """
    text = _TEXT.sub(r" \1 ", text).strip()
    found = _LETTER.findall(text) if _SEVERAL.fullmatch(text) else []
    return frozenset(found) if 1 < len(found) == len(set(found)) else None


def given_letter(text: str) -> str | None:
    """The option that an answer names, with or without its text; None where it names none, or more than one.

    >>> given_letter("(B) 12"), given_letter("b"), given_letter("B or C"), given_letter("A C B")
    ('B', 'B', None, None)
    """
    found = _GIVEN.fullmatch(_TEXT.sub(r"\1", text).strip())
    if not found or _ANOTHER.search(found["text"]):
        return None
    return (found["enclosed"] or found["bare"]).upper()
