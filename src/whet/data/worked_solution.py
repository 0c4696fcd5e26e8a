"""Parses worked solutions: extracts the boxed answer and removes programs."""

import re
from collections.abc import Mapping
from typing import Any

from whet.data.intake import BrokenRowError, OtherRowError
from whet.formats import boxes

_PROGRAM = re.compile(r"^[ \t]*```[^\n]*\n.*?^[ \t]*```[ \t]*$\n?", re.MULTILINE | re.DOTALL)
_FINAL_MARK = re.compile(
    r"(?:(?:^|\n)[ \t]*(?:####[^\n]*|(?:The )?(?:final )?answer(?: is|:)[^\n]*|<answer>[^\n]*</answer>)\s*)+\Z",
    re.IGNORECASE,
)
_GAPS = re.compile(r"\n{3,}")


def text_in(row: Mapping[str, Any], column: str) -> str:
    """The text of a column, stripped; `BrokenRowError` where it is missing or cannot be encoded as UTF-8."""
    value = row.get(column)
    if not isinstance(value, str) or not value.strip():
        raise BrokenRowError(f"has no {column}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BrokenRowError(f"has half a character (a lone surrogate) in its {column}") from None
    return value.strip()


def boxed_answer(solution: str) -> str:
    r"""The content of the last balanced `\boxed{…}`; `OtherRowError` where there is none, as in a proof.

    >>> boxed_answer("Thus \\boxed{3}, no: $\\boxed{\\frac{63}{400}}$.")
    '\\frac{63}{400}'
    """
    found = [answer for span in boxes(solution) if (answer := span.answer.strip())]
    if not found:
        raise OtherRowError("has no answer in a box")
    return found[-1]


def without_final_mark(text: str) -> str:
    r"""Removes lines at the end that only state the answer, which a response format does in its own way.

    >>> without_final_mark("3 + 4 = 7.\n#### 7\nThe answer is: 7")
    '3 + 4 = 7.'
    """
    return _FINAL_MARK.sub("", text).strip()


def without_programs(text: str) -> str:
    """Removes fenced blocks, that is, programs and their outputs.

    >>> without_programs("Add:\\n```python\\nprint(1 + 1)\\n```\\n```output\\n2\\n```\\nSo 2.")
    'Add:\\nSo 2.'
    """
    return _GAPS.sub("\n\n", _PROGRAM.sub("", text)).strip()
