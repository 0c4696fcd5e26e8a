"""Code in a response: where it stands."""

import re
from collections.abc import Collection

PYTHON = ("python", "py", "python3")

_BLOCK = re.compile(
    r"^(?P<fence>`{3,}|~{3,})[ \t]*(?P<language>[\w+-]*)[^\n]*\n(?P<code>.*?)^(?P=fence)[ \t]*$",
    re.MULTILINE | re.DOTALL,
)


def find_code(text: str, languages: Collection[str] = PYTHON) -> str | None:
    """The last fenced block of a response that is in one of `languages` or names none; `None` without such a block.

    >>> find_code("First:\\n```python\\nx = 1\\n```\\nwhich prints\\n```text\\n1\\n```")
    'x = 1\\n'
    """
    blocks = [match["code"] for match in _BLOCK.finditer(text) if match["language"].lower() in ("", *languages)]
    return blocks[-1] if blocks else None
