"""What dresses an answer and says nothing: emphasis, quotation marks, pictures, a period at its end."""

import re

_EMPHASIS = re.compile(
    r"(?<!\w)(?:\*\*|__)|(?:\*\*|__)(?!\w|-\d)|`|</?(?:b|i|s|em|strong|u|span|code|p)(?:\s[^<>]*)?>", re.IGNORECASE
)
_CUT_EMPHASIS = re.compile(r"^(?![*_])(.*[^\W_])[*_]{1,3}$", re.DOTALL)
"""Emphasis whose opening mark was taken with the words before it."""
_WRAPPERS = ("**", "__", "{}", '""', "''", "“”", "‘’", "«»")
_PICTURE = r"[\u220e\u25a0-\u25ff\u2600-\u27bf\U0001f300-\U0001faff\ufe0f\s]"
_SIGN_OFF = rf"(?:{_PICTURE}|\\(?:black)?square(?![A-Za-z])|\\qed(?![A-Za-z]))+$"
_PICTURES = re.compile(
    r"^[\u2190-\u21ff\u2600-\u27bf\U0001f300-\U0001faff\ufe0f#\s]+"
    rf"|(?<!{_PICTURE})(?<!\\square)(?<!\\blacksquare)(?<!\\qed){_SIGN_OFF}"
)
"""Pictures at the start and at the end. Those at the end are tried from their first one only: in linear time."""


def undressed(text: str) -> str:
    """The text without Markdown emphasis, quotation marks, HTML emphasis and pictures around it.

    >>> undressed("**“18”** ✅"), undressed("`73`")
    ('18', '73')
    """
    if text.endswith("$") and text.count("$") % 2:
        text = text[:-1].rstrip()
    text = _CUT_EMPHASIS.sub(r"\1", text)
    before = None
    while before != text:
        before = text
        text = _PICTURES.sub("", _EMPHASIS.sub("", text)).strip()
        for pair in _WRAPPERS:
            if len(text) > 2 and text[0] == pair[0] and text[-1] == pair[-1] and pair[-1] not in text[1:-1]:
                text = text[1:-1].strip()
    return text


def without_period(text: str) -> str:
    """The text without a period at its end, but with the dots of a decimal that goes on: `0.333...`."""
    bare = text.rstrip(" .")
    return bare + "..." if bare[-1:].isdigit() and text.rstrip().endswith("...") and "." in bare else bare
