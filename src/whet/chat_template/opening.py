"""Finds what a generation prompt already writes of the response: an opened, or an empty, reasoning block."""

import re
from collections.abc import Iterable, Mapping

from whet.formats.reasoning_marks import CLOSINGS, REASONING


def unclosed(text: str, tag: str) -> str:
    r"""Returns the end of `text` from an opening tag on that is not closed; empty where there is none.

    >>> unclosed("<|im_start|>assistant\n<think>\n", "think"), unclosed("<think></think>", "think")
    ('<think>\n', '')
    """
    return _unclosed(text, {f"<{tag}>": f"</{tag}>"})


def unclosed_reasoning(text: str) -> str:
    """`unclosed` for all marks of reasoning that families have.

    >>> unclosed_reasoning("[INST]1 + 1?[/INST][THINK]")
    '[THINK]'
    """
    return _unclosed(text, CLOSINGS)


def _unclosed(text: str, closings: Mapping[str, str]) -> str:
    for mark, closing in closings.items():
        start = text.rfind(mark)
        if start >= 0 and closing not in text[start:]:
            return text[start:]
    return ""


def empty_block(text: str, tags: Iterable[str] = REASONING) -> str:
    r"""Returns the tag of a block that is opened and closed with nothing in it at the end of `text`, else empty.

    >>> empty_block("<|im_start|>assistant\n<think>\n\n</think>\n\n")
    'think'
    """
    return next((tag for tag in tags if re.search(rf"<{tag}>\s*</{tag}>\s*$", text)), "")
