"""A reward for visible reasoning steps: step marks that are followed by new text."""

import re
from itertools import pairwise

from pydantic import PositiveInt

from whet.config import Section
from whet.formats import ResponseFormat
from whet.protocols import RewardFn
from whet.rewards.completions import each_text
from whet.rewards.format_compliance import reasoning_reader

_MARK = re.compile(
    r"""
    ^[ \t]*(?:[#>]+[ \t]+)?(?:\*\*)?                       # the start of a line, whatever Markdown puts there
        (?:step[ \t]+\d+[.:)]? | \d{1,2}[.)](?=\s) | [-*•](?=\s))
    | (?:^[ \t]* | (?<=[.!?;])\s)                          # the start of a line or of a sentence
        (?:first|second|third|next|then|after[ ]that|finally|lastly)(?:ly)?\b
    """,
    re.VERBOSE | re.IGNORECASE | re.MULTILINE,
)
_MIN_BODY = 5
"""The least characters after a mark, spaces aside, for it to count: `7+5=9`."""


class ReasoningStepsParams(Section):
    """Parameters of `reasoning_steps`."""

    steps: PositiveInt = 3
    """How many visible steps earn the full reward."""


def reasoning_steps(response_format: ResponseFormat | None, params: ReasoningStepsParams) -> RewardFn:
    """In [0, 1]: the number of visible reasoning steps, over `steps`, at most 1.

    The reasoning-steps reward of Open R1 (https://github.com/huggingface/open-r1): min(1, marks / 3), where a
    mark is `Step 1:`, `1.`, a bullet, or a word such as First, Next, Finally. Here a mark counts only at the
    start of a line (a word also of a sentence), and only with enough text after it that follows no
    other mark. Without a format the whole completion is read.
    """
    read = reasoning_reader(response_format)
    return each_text(lambda text: min(1.0, count_steps(read(text)) / params.steps))


def count_steps(reasoning: str) -> int:
    """The number of distinct steps that a text marks.

    >>> count_steps("Step 1: add 30 and 40.\\nStep 2: add 7 and 5.\\nFinally, 70 + 12 = 82.")
    3
    >>> count_steps("Step 1:\\nStep 2:\\nStep 3:"), count_steps("- again and again\\n- again and again")
    (0, 1)
    """
    marks = [found.span() for found in _MARK.finditer(reasoning)]
    bodies = {  # the text from the end of each mark to the start of the next
        "".join(reasoning[end:start].lower().split()).strip(".,;:!*")
        for (_, end), (start, _) in pairwise([*marks, (len(reasoning), len(reasoning))])
    }
    return sum(len(body) >= _MIN_BODY for body in bodies)
