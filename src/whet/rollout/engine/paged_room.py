"""How many places and pages recorded bursts have: what limits hold, rounded up so that calls that differ a little share
one room."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from math import inf

from whet.rollout.call_size import CallLimits, SampleBytes
from whet.rollout.engine.power_of_two import power_of_two

PAGE = 128
"""Tokens of a page."""

FEWEST_COLUMNS = 4
"""Pages that a table has room for at least, of a prompt and of a row: room in a table costs next to nothing."""

NARROW = (8, 64)
"""Rows of the smallest recorded bursts; beyond, they are powers of two. Fewer rows than 64 are hardly faster."""


@dataclass(frozen=True, slots=True)
class PagedRoom:
    """The room of recorded bursts."""

    rows: int
    """Places at most."""
    pages: int
    """Of `PAGE` tokens; the first is scrap."""
    prompt_pages: int
    """Those that a prompt may have."""
    own_pages: int
    """Those that a row may have of its own."""

    @property
    def positions(self) -> int:
        """Tokens of a row and its prompt at most."""
        return PAGE * (self.prompt_pages + self.own_pages)

    def holds(self, other: "PagedRoom") -> bool:
        """Whether it is as large in every way."""
        return all(mine >= its for mine, its in zip(astuple(self), astuple(other), strict=True))

    def widened(self, other: "PagedRoom") -> "PagedRoom":
        """Returns the smallest room that is as large as both."""
        return PagedRoom(*map(max, zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True, slots=True)
class Demand:
    """What a call may need at most."""

    prompt_lengths: Sequence[int]
    rows_per_prompt: int
    longest: int
    """Tokens of a row."""
    beyond: int
    """Tokens by which a row may go past that before it is known to have ended."""

    def room(self, limits: CallLimits, token_bytes: int) -> tuple[PagedRoom, CallLimits]:
        """Returns a room within limits, and the limits of what samples in it, which count pages.

        One prompt with all of its rows has room whatever the limits. `token_bytes` is κ.
        """
        share, of_row = self.rows_per_prompt, pages_of(self.longest)
        of_prompts = sorted(map(pages_of, self.prompt_lengths), reverse=True)
        rows = _rows(limits, share, len(of_prompts) * share)
        pages = rows * of_row + sum(of_prompts[:rows])
        if limits.bytes < inf:
            left = limits.bytes - limits.size.per_row * rows
            pages = min(pages, max(int(left // (PAGE * token_bytes)), of_prompts[0] + share * of_row))
        columns = _rounded(of_prompts[0]), _rounded(pages_of(self.longest + self.beyond))
        room = PagedRoom(width_for(rows), 1 + _stepped(pages), *columns)
        return room, CallLimits(rows, pages * PAGE * token_bytes, SampleBytes(token_bytes, per_row=0, page=PAGE))


def pages_of(tokens: int) -> int:
    """Pages that hold so many tokens."""
    return -(-tokens // PAGE)


def width_for(rows: int) -> int:
    """Returns the rows of a recorded burst for so many: a function of their number alone, as what else a burst computes
    may change the last digits of a row, and those should not depend on earlier calls.

    >>> [width_for(rows) for rows in (1, 8, 9, 64, 65, 512)]
    [8, 8, 64, 64, 128, 512]
    """
    return next((width for width in NARROW if rows <= width), power_of_two(rows))


def _rows(limits: CallLimits, share: int, all_rows: int) -> int:
    """As many as there are or limits hold, their logits in half of the memory at most."""
    rows = min(limits.rows, all_rows)
    if limits.size.per_row and limits.bytes < inf:
        rows = min(rows, int(limits.bytes / 2 // limits.size.per_row))
    return max(rows, share)


def _rounded(columns: int) -> int:
    """Up to a power of two."""
    return max(FEWEST_COLUMNS, power_of_two(columns))


def _stepped(pages: int) -> int:
    """Up by an eighth at most."""
    step = 1 << max(pages.bit_length() - 4, 0)
    return -(-pages // step) * step
