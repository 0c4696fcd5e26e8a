"""Reads answers in words, so that case, white space and punctuation do not count."""

import re

_TEXT = re.compile(r"\\text\s*\{([^{}]*)\}")
_WORDS = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*\.?|\d+(?:st|nd|rd|th)?")
_PUNCTUATION = re.compile(r"[.,;:!?\"'()\[\]*_`$]+")
_ARTICLE = re.compile(r"^(?:the|an?|on)\s+(?=\w{2})")
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th)\b", re.IGNORECASE)


_SHORT_ANSWERS = frozenset({"no", "yes", "one", "two", "six", "ten", "odd", "all", "red", "and", "not", "xor"})
"""Answers of up to three letters that are words, not products of variables."""


def read_words(text: str) -> str | None:
    """Words in lower case with single spaces, without an article before them; None where a text is not all words.

    >>> read_words("The  Eiffel Tower."), read_words("p - q"), read_words("x")
    ('eiffel tower', None, None)
    """
    text = _TEXT.sub(r" \1 ", text)
    if "\\" in text or text.lstrip().startswith("-") or re.search(r"\s-\s|[\^=<>+*/|{}&#@%]", text):
        return None
    parts = _PUNCTUATION.sub(" ", _ORDINAL.sub("", text.replace("-", " "))).split()
    if not any(len(part) > 1 and part.isalpha() for part in parts):
        return None
    return _ARTICLE.sub("", " ".join(parts).casefold())


def is_product(text: str) -> bool:
    """Whether a word may be a product of variables, as `ab` and `xyz` may."""
    return bool(re.fullmatch("[A-Za-z]{2,3}", text)) and text.lower() not in _SHORT_ANSWERS


def loose_text(text: str) -> str:
    """A text without the white space that says nothing, all but that between two letters or digits; `(b)` as b."""
    text = re.sub(r"(?<!\w)\s+|\s+(?!\w)", "", _TEXT.sub(r" \1 ", text).strip())
    return text[1:-1] if len(text) == 3 and text[0] + text[2] == "()" and text[1].isalpha() else text
