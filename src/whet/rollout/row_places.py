"""Which rows are sampled at a time, how many tokens each has, and how many more memory holds.

Memory is counted by the tokens that exist, not by those that there may be: a prompt begins where what the unfinished
rows are expected to need leaves room for its rows. Where that was too little, the prompts that began last wait again,
and their rows draw the same tokens later, by the same keys, up to rounding.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from statistics import fmean

from whet.rollout.call_size import CallLimits


class Places:
    """The places of a batch: those of ended rows stay until they are dropped."""

    def __init__(self, prompt_lengths: Sequence[int], rows_per_prompt: int, longest: int, limits: CallLimits) -> None:
        self.prompt_lengths, self.share, self.longest, self.limits = prompt_lengths, rows_per_prompt, longest, limits
        self.rows: list[int] = []
        """The row at each place; those of a prompt are neighbours, its first is prompt · rows_per_prompt."""
        self.counts: list[int] = []
        """Tokens that were drawn at each place, or are being drawn."""
        self.unfinished: set[int] = set()
        self.together = 0
        """The rows that had places when the last of them began: as many as memory has had to hold since."""
        self.ended: set[int] = set()
        self._lengths: list[int] = []
        """What rows that have ended took."""
        self._sure = 0
        """Tokens that each row may draw before memory is looked at again."""

    def take(self, waiting: deque[int]) -> list[int]:
        """Takes the prompts that begin now, at least one where no row is unfinished; gives their rows places.

        Those that ended before their prompt was sent back are not unfinished again.
        """
        taken: list[int] = []
        rows, tokens, each = len(self.unfinished), self._expected_tokens(), self._expected_length()
        while waiting:
            rows, tokens = rows + self.share, tokens + self._prompt_taken(waiting[0]) + self.share * each
            if not self.limits.hold(rows, tokens) and (taken or self.unfinished):
                break
            taken.append(waiting.popleft())
        new = self.rows_of(taken)
        self.rows, self.counts = self.rows + new, self.counts + [1] * len(new)
        self.unfinished.update(row for row in new if row not in self.ended)
        self.together = len(self.rows) if new else self.together
        self._sure = 0
        return taken

    def rows_of(self, prompts: Sequence[int]) -> list[int]:
        """The rows of some prompts."""
        return [row for prompt in prompts for row in range(prompt * self.share, (prompt + 1) * self.share)]

    def are_few(self, threshold: float) -> bool:
        """Whether fewer than this share of the rows that the limits are expected to hold are unfinished."""
        rows, limits = len(self.unfinished), self.limits
        room: float = limits.rows - rows
        most = max(map(self._prompt_taken, range(len(self.prompt_lengths))))
        each = limits.bytes_of(1, self._expected_length() + most / self.share)
        if each:
            room = min(room, (limits.bytes - limits.bytes_of(rows, self._expected_tokens())) / each)
        return rows < threshold * (rows + room)

    def left(self) -> int:
        """The tokens that the shortest row still may have."""
        return self.longest - min(self.counts)

    def advance(self, count: int) -> None:
        """Every place draws so many tokens."""
        self.counts = [each + count for each in self.counts]
        self._sure -= count

    def end(self, row: int, length: int) -> None:
        """A row has ended with so many tokens."""
        self.unfinished.discard(row)
        self.ended.add(row)
        self._lengths.append(self.limits.size.taken(length))

    @property
    def are_full(self) -> bool:
        """Whether a place has had as many tokens as a row may have."""
        return max(self.counts) >= self.longest

    def drop_ended(self) -> list[int]:
        """Drops the places of ended rows; returns those that stay."""
        kept = [place for place, row in enumerate(self.rows) if row in self.unfinished]
        self.rows, self.counts = ([column[place] for place in kept] for column in (self.rows, self.counts))
        return kept

    def hold(self, count: int) -> bool:
        """Whether memory holds `count` more tokens of all rows."""
        return count <= self._sure or self._holds(count)

    def send_back(self, count: int, waiting: deque[int]) -> list[int]:
        """Ends the rows of the prompts that began last where memory does not hold `count` more tokens of all rows.

        Their prompts wait again, first. Returns those of their rows that had not ended. One prompt always stays.
        """
        if count <= self._sure:
            return []
        again: list[int] = []
        while not self._holds(count) and self._prompt(-1) != self._prompt(0):
            last = self._prompt(-1)
            waiting.appendleft(last)
            again += [row for row in self.rows_of([last]) if row in self.unfinished]
            self.unfinished.difference_update(again)
        size, rows = self.limits.size, len(self.unfinished)
        spare, each = self.limits.bytes - self.limits.bytes_of(rows, self._tokens(0)), size.per_token * rows
        # a row that takes no more than these begins one page at most besides
        self._sure = max(count, int(min(spare / each, self.longest) - size.page + 1) if each else self.longest)
        return again

    def _prompt(self, place: int) -> int:
        """The prompt that began first (0) or last (-1) of those with an unfinished row."""
        return [row // self.share for row in self.rows if row in self.unfinished][place]

    def _holds(self, count: int) -> bool:
        return self.limits.bytes_of(len(self.unfinished), self._tokens(count)) <= self.limits.bytes

    def _tokens(self, more: int) -> int:
        """What unfinished rows and their prompts take once each row has so many tokens more, and none too many."""
        taken, longest = self.limits.size.taken, self.longest
        return sum(taken(min(count + more, longest)) for count in self._unfinished_counts()) + self._prompt_tokens()

    def _expected_tokens(self) -> float:
        """What the unfinished rows and their prompts will take."""
        each, taken = self._expected_length(), self.limits.size.taken
        return sum(max(taken(count), each) for count in self._unfinished_counts()) + self._prompt_tokens()

    def _unfinished_counts(self) -> Iterator[int]:
        """Tokens drawn; a burst may go past the limit, where they are kept nowhere."""
        return (
            min(count, self.longest)
            for row, count in zip(self.rows, self.counts, strict=True)
            if row in self.unfinished
        )

    def _prompt_tokens(self) -> int:
        return sum(self._prompt_taken(prompt) for prompt in {row // self.share for row in self.unfinished})

    def _prompt_taken(self, prompt: int) -> int:
        return self.limits.size.taken(self.prompt_lengths[prompt])

    def _expected_length(self) -> float:
        """The mean of what rows that have ended took; before one has, what the longest row may take."""
        return fmean(self._lengths) if self._lengths else self.limits.size.taken(self.longest)
