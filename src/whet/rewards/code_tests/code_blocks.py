"""Extracts code from completions."""

import re
from collections.abc import Collection

from whet.formats import ResponseFormat

PYTHON = ("python", "py", "python3")

_BLOCK = re.compile(
    r"^(?P<fence>`{3,}|~{3,})[ \t]*(?P<language>[\w+-]*)[^\n]*\n(?P<code>.*?)^(?P=fence)[ \t]*$",
    re.MULTILINE | re.DOTALL,
)


def find_code(text: str, languages: Collection[str] = PYTHON) -> str | None:
    """The last fenced code block in one of `languages`, or in no named language; `None` without such a block.

    >>> find_code("First:\\n```python\\nx = 1\\n```\\nwhich prints\\n```text\\n1\\n```")
    'x = 1\\n'
    """
    blocks = [match["code"] for match in _BLOCK.finditer(text) if match["language"].lower() in ("", *languages)]
    return blocks[-1] if blocks else None


def find_program(text: str, response_format: ResponseFormat | None = None) -> str | None:
    """The program of a completion: the last Python block of its answer, or, where that has none, the answer itself.

    Where the format finds no answer, or without a format, the whole completion is searched.

    >>> find_program("def f():\\n    return 1")
    'def f():\\n    return 1'
    """
    answer = text if response_format is None else response_format.parse(text).answer
    block = find_code(text if answer is None else answer)
    return answer if block is None else block


def same_output(printed: str, expected: str) -> bool:
    """Whether two outputs are equal, apart from white space at the ends of lines and of the text.

    >>> same_output("1 2 \\n3\\n\\n", "1 2\\n3"), same_output("1  2", "1 2")
    (True, False)
    """
    return _lines(printed) == _lines(expected)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().splitlines()]
