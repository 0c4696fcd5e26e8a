"""Finds what a generation prompt already writes of the response: an opened, or an empty, reasoning block."""

import re
from collections.abc import Iterable

REASONING = ("think", "thinking", "thought", "reasoning", "reason", "analysis")
"""Tags by which chat templates mark reasoning."""


def unclosed(text: str, tags: Iterable[str]) -> str:
    r"""Returns the end of `text` from an opening tag on that is not closed; empty where there is none.

    >>> unclosed("<|im_start|>assistant\n<think>\n", ["think"]), unclosed("<think></think>", ["think"])
    ('<think>\n', '')
    """
    for tag in tags:
        start = text.rfind(f"<{tag}>")
        if start >= 0 and f"</{tag}>" not in text[start:]:
            return text[start:]
    return ""


def empty_block(text: str, tags: Iterable[str] = REASONING) -> str:
    r"""Returns the tag of a block that is opened and closed with nothing in it at the end of `text`, else empty.

    >>> empty_block("<|im_start|>assistant\n<think>\n\n</think>\n\n")
    'think'
    """
    return next((tag for tag in tags if re.search(rf"<{tag}>\s*</{tag}>\s*$", text)), "")
