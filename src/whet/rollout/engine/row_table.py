"""The host's table of rows: the place and the pages of each, as the device reads them before a burst."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

import torch
from torch import Tensor

from whet.rollout.engine.paged_room import PagedRoom, pages_of

LENGTH, STORED, PAGES = 0, 1, 2
"""Columns: tokens of the prompt; own tokens so far; from here on the prompt's pages, then the row's own, and one more,
as a kernel that loads ahead reads past a full row's last page."""

SCRAP = 0
"""The page of nobody: places without a row, padding, and tokens past the limit are written there."""


@dataclass(slots=True)
class _Prompt:
    pages: list[int]
    rows: int
    """Those that are left."""


@dataclass(slots=True)
class _Row:
    place: int
    prompt: _Prompt
    stored: int = 0
    pages: list[int] = field(default_factory=list)


class RowTable:
    """Gives places and pages to rows and takes them back. A place without a row has a line of zeros."""

    def __init__(self, room: PagedRoom) -> None:
        self.room = room
        columns = PAGES + room.prompt_pages + room.own_pages + 1
        self.lines = torch.zeros(room.rows, columns, dtype=torch.int32)
        self.clear()

    def clear(self) -> None:
        """Drops all rows."""
        self.lines.zero_()
        self.rows: list[_Row] = []
        """In the order in which they began."""
        self.free_pages = list(range(self.room.pages - 1, SCRAP, -1))
        self.free_places = list(range(self.room.rows))

    @property
    def places(self) -> list[int]:
        """The place of each row."""
        return [row.place for row in self.rows]

    def begin(self, lengths: Sequence[int], rows_per_prompt: int) -> Tensor:
        """Appends rows of prompts of these lengths; returns the prompts' pages `[q, prompt_pages]`, int64, the rest of
        them scrap. Raises `MemoryError` where too few pages are free."""
        pages_QC = torch.full((len(lengths), self.room.prompt_pages), SCRAP)
        for number, length in enumerate(lengths):
            prompt = _Prompt(self._taken(pages_of(length)), rows_per_prompt)
            new = [_Row(heappop(self.free_places), prompt) for _ in range(rows_per_prompt)]
            pages_QC[number, : len(prompt.pages)] = torch.tensor(prompt.pages)
            places = [row.place for row in new]
            self.lines[places, LENGTH] = length
            self.lines[places, PAGES : PAGES + self.room.prompt_pages] = pages_QC[number].int()
            self.rows += new
        return pages_QC

    def make_room(self, count: int, longest: int) -> Tensor:
        """Gives every row pages for `count` more tokens, but for none past `longest`; returns the table as it is before
        them. Raises `MemoryError` where too few pages are free."""
        first = PAGES + self.room.prompt_pages
        for row in self.rows:
            there, needed = len(row.pages), pages_of(min(row.stored + count, longest))
            if needed > there:
                row.pages += self._taken(needed - there)
                self.lines[row.place, first + there : first + needed] = torch.tensor(row.pages[there:]).int()
        self.lines[self.places, STORED] = torch.tensor([row.stored for row in self.rows]).int()
        return self.lines

    def advance(self, count: int) -> None:
        """Every row has so many tokens more."""
        for row in self.rows:
            row.stored += count

    def keep(self, rows: Sequence[int]) -> None:
        """Drops all rows but these, numbers in ascending order; and prompts that have none."""
        kept = set(rows)
        for number, row in enumerate(self.rows):
            if number not in kept:
                self._free(row)
        self.rows = [self.rows[number] for number in rows]

    def pack(self, width: int) -> tuple[list[int], list[int]]:
        """Moves rows to places below `width`, where all of them have room; returns from and to which places."""
        moved = [row for row in self.rows if row.place >= width]
        before = [row.place for row in moved]
        for row in moved:
            row.place = heappop(self.free_places)
        after = [row.place for row in moved]
        self.lines[after] = self.lines[before]
        self.lines[before] = 0
        self.free_places += before
        heapify(self.free_places)
        return before, after

    def _taken(self, count: int) -> list[int]:
        if count > len(self.free_pages):
            raise MemoryError("out of memory: no page of keys and values is free")
        return [self.free_pages.pop() for _ in range(count)]

    def _free(self, row: _Row) -> None:
        self.free_pages += row.pages
        row.prompt.rows -= 1
        if not row.prompt.rows:
            self.free_pages += row.prompt.pages
        self.lines[row.place] = 0
        heappush(self.free_places, row.place)
