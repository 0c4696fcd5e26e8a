"""Reads the letter of an option: `B`, `(B) 12`, `B. 12`, `Option B`."""

import re
from typing import NamedTuple

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
_LISTED = re.compile(
    r"(?P<between> ?(?:[,、;] ?)?(?P<and>and\b|&)? ?)(?P<enclosed>[(\[])?(?P<letter>[A-J])[)\]]?(?![a-z])"
)
"""The next letter of a list. Each match starts where the last one ended, so a list is read in linear time."""
_AROUND = re.compile(r"^[({\[\\]+(?=[({\[\\])|^[{\\]+")
"""Brackets around a whole list."""
_LONGEST = 100
"""Characters of a list of options."""
_TEXT = re.compile(r"\\text\s*\{([^{}]*)\}")


def gold_letter(text: str) -> str | None:
    """The capital letter that a gold answer in plain notation consists of; None for anything else.

    >>> gold_letter("(C)"), gold_letter("C"), gold_letter("x"), gold_letter("C = 5")
    ('C', 'C', None, None)
    """
    found = _GOLD.fullmatch(_TEXT.sub(r"\1", text).strip())
    return found[1] if found and found[1].isupper() else None


class Options(NamedTuple):
    """Capital letters A to J as a text lists them, and nothing else."""

    letters: str
    """In the order of the text."""
    run: bool
    """Whether nothing stands between and around them: `AC`, which may be a word, a name of points or an order too."""
    together: bool
    """Whether the text says that they have no order: `A and C`, `(C) (A)`, `{C, A}`."""

    @property
    def ascending(self) -> bool:
        """Whether they are all different and in the order of the alphabet."""
        return list(self.letters) == sorted(set(self.letters))

    @property
    def chosen(self) -> bool:
        """Whether ascending letters leave one out: an order, as of events A to C, has them all."""
        return self.ascending and not "ABCDEFGHIJ".startswith(self.letters)


def read_options(text: str) -> Options | None:
    """The letters of a text that lists several and nothing else; None for any other.

    >>> read_options("(A) and (C)"), read_options("CAB")
    (Options(letters='AC', run=False, together=True), Options(letters='CAB', run=True, together=False))
    >>> read_options("B"), read_options("A or C")
    (None, None)
    """
    if len(text) > _LONGEST:
        return None
    text = " ".join(_TEXT.sub(r" \1 ", text).split())
    body = _AROUND.sub("", text)
    found: list[re.Match[str]] = []
    at = 0
    while one := _LISTED.match(body, at):
        found.append(one)
        at = one.end()
    if body[at:].strip(" ])}\\") or len(found) < 2 or found[0]["between"].strip():
        return None
    letters = "".join(one["letter"] for one in found)
    together = body != text or any(one["and"] for one in found) or all(one["enclosed"] for one in found)
    return Options(letters, run=text == letters, together=together)


def same_options(given: str, gold: str) -> bool | None:
    """Whether `given` lists the letters of a gold answer that lists several; None where the gold answer lists none.

    Options have no order where the gold answer has none: letters in ascending order, `and`, brackets. Letters in
    another order with nothing between them may spell a word or give an order, unless the gold answer leaves one out.

    >>> same_options("C and A", "A, C"), same_options("CA", "AC"), same_options("BA", "AB")
    (True, True, False)
    >>> same_options("A, C, B", "C, A, B"), same_options("C, A, B", "C, A, B"), same_options("CBA", "ABC")
    (False, True, False)
    """
    expected, found = read_options(gold), read_options(given)
    if expected is None:
        return None
    if found is None:
        return None if expected.run and not expected.ascending else False
    if found.letters == expected.letters:
        return True
    unordered = expected.together or expected.ascending
    if found.run and not found.ascending and not expected.chosen:
        return False
    return unordered and sorted(found.letters) == sorted(expected.letters)


def given_letter(text: str) -> str | None:
    """The option that an answer names, with or without its text; None where it names none, or more than one.

    >>> given_letter("(B) 12"), given_letter("b"), given_letter("B or C"), given_letter("A C B")
    ('B', 'B', None, None)
    """
    found = _GIVEN.fullmatch(_TEXT.sub(r"\1", text).strip())
    if not found or _ANOTHER.search(found["text"]):
        return None
    return (found["enclosed"] or found["bare"]).upper()
