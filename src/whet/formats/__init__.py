"""Response formats: one object words the request, renders a solution, reads a response and judges its layout.

Nothing else in Whet knows a tag. Two rules hold for every format, so that listing answers never pays:

- a response gives **one** answer. Where complete answer parts disagree with each other, it gives none;
  of several boxes, and of several numbers in `plain`, only the last is read, as is the custom there;
- an answer written inside the reasoning is a thought, not the answer.

All reading takes time linear in the text.
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
