"""Response formats: each has a system prompt, renders solutions, parses completions and scores their layout.

Nothing else in Whet knows a tag. Two rules hold for every format, so that listing answers never pays:

- a completion gives **one** answer. Where complete answer parts disagree with each other, it gives none;
  of several boxes, and of several numbers in `plain`, only the last counts, as is the convention there;
- an answer within the reasoning is not the answer.

Parsing takes time linear in the text.
"""

from whet.formats.base import Parsed, ResponseFormat
from whet.formats.built_in import BUILT_IN, build_format
from whet.formats.spans import Span, boxes, hash_lines, last_number, numbers, tag_blocks

__all__ = [
    "BUILT_IN",
    "Parsed",
    "ResponseFormat",
    "Span",
    "boxes",
    "build_format",
    "hash_lines",
    "last_number",
    "numbers",
    "tag_blocks",
]
