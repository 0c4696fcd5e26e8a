"""Whether an answer lists the right things in the wrong order, where the question asks for an order.

Lists have no order otherwise: `2, 1` is `1, 2`. To "Arrange 3, 1, 2 from least to greatest" it would pay a copy.
"""

import re

_ASKS = re.compile(
    r"\b(?:arrange|rank|sort|reorder|order) (?:the|these|them|all|from|in|by|(?-i:[\d$(A-Z\\]))"
    r"|\b(?:ascending|descending|increasing|decreasing|alphabetical|chronological|correct|right|proper)"
    r" (?:order|sequence)\b"
    r"|\bfrom (?:the )?(?:least|smallest|lowest|shortest|first|earliest|oldest|youngest|lightest|slowest"
    r"|greatest|largest|highest|biggest|longest|last|latest|heaviest|fastest|most)\b[^.?!]{0,40}\bto\b",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"\\[{}]|[\s$(){}\[\]]|\\text\b|[,、;<>]|\band\b|\\[lg](?:t|eq?)(?![A-Za-z])|\\,")
_LETTERS = re.compile(r"[A-Z]{2,}")
_LONGEST = 300
"""Characters of a list that is compared item by item."""


def in_wrong_order(given: str, gold: str, question: str) -> bool:
    """Whether `given` has the items of the gold answer in another order, and the question asks for an order.

    >>> in_wrong_order("3, 1, 2", "1, 2, 3", "Sort 3, 1, 2."), in_wrong_order("2, 1", "1, 2", "Solve it.")
    (True, False)
    >>> in_wrong_order("C, B, A", "A, B, C", "Which is the correct order of (A) birth, (B) school, (C) work?")
    True
    """
    if max(len(given), len(gold)) > _LONGEST:
        return False
    items, wanted = _items(given), _items(gold)
    return items != wanted and sorted(items) == sorted(wanted) and bool(_ASKS.search(question))


def _items(text: str) -> list[str]:
    """The items of a list; the letters of `BAC` one by one."""
    items = list(filter(None, _BETWEEN.split(text)))
    return list(items[0]) if len(items) == 1 and _LETTERS.fullmatch(items[0]) else items
