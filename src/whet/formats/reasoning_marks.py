"""The marks around reasoning that model families and data sets use, such as `<think>…</think>`, `[THINK]…[/THINK]`."""

import re

REASONING = ("think", "thinking", "thought", "reasoning", "reason", "analysis")
"""Tags that mark reasoning."""

CLOSINGS = {
    **{f"<{tag}>": f"</{tag}>" for tag in REASONING},
    "[THINK]": "[/THINK]",
    "<|begin_of_thought|>": "<|end_of_thought|>",
    "<|START_THINKING|>": "<|END_THINKING|>",
    "<|channel>thought": "<channel|>",
    "<seed:think>": "</seed:think>",
    "<longcat_think>": "</longcat_think>",
}
"""By the mark that opens reasoning, the mark that closes it."""

OPENS = re.compile("|".join(map(re.escape, CLOSINGS)))
CLOSES = re.compile("|".join(map(re.escape, CLOSINGS.values())))

_ALL = re.compile(rf"{OPENS.pattern}|{CLOSES.pattern}|<\|(?:begin|end)_of_solution\|>")


def closing_of(opening: str) -> str:
    r"""Returns the mark that closes an opened reasoning block, which `opening` begins with.

    >>> closing_of("<think>\n"), closing_of("[THINK]")
    ('</think>', '[/THINK]')
    """
    return next(closing for mark, closing in CLOSINGS.items() if opening.startswith(mark))


def opened_at_end(prompt: str) -> str:
    r"""The mark of reasoning that a prompt ends in, with the white space behind it; empty where it ends in none.

    >>> opened_at_end("What is 3 + 4?<|im_end|>\n<|im_start|>assistant\n<think>\n"), opened_at_end("Use <think> tags.")
    ('<think>\n', '')
    """
    found = _OPENED.search(prompt[-_LONGEST_MARK:])
    return found[0] if found else ""


_LONGEST_MARK = 80
"""Characters at the end of a prompt that hold the longest mark and white space."""
_OPENED = re.compile(rf"(?:{OPENS.pattern})\s*\Z")


def reasoning_end(text: str) -> int:
    """Where the answer of a completion may begin: behind the last mark that closes reasoning, 0 without one.

    >>> reasoning_end("<think>so 7</think> 7")
    19
    """
    return max((found.end() for found in CLOSES.finditer(text)), default=0)


def without_marks(text: str) -> str:
    """Returns a worked solution without marks of reasoning, for a layout that has marks of its own.

    >>> without_marks("[THINK]3 + 4 = 7.[/THINK] So 7.")
    '3 + 4 = 7. So 7.'
    """
    return _ALL.sub("", text)
