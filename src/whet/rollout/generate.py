"""The sampling loop: draws tokens for every row, drops ended rows and begins waiting ones in their places.

Continuous batching (Orca, OSDI 2022): a prompt that waits begins as soon as enough rows have ended, and not when the
last one of a batch has. A row's tokens follow from its key and its context, so they do not depend on when it began,
but for the rounding of logits, which other neighbours change. So a row that begins again is drawn as a whole.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress

from torch import Tensor

from whet.errors import is_out_of_memory
from whet.rollout.burst import Burst, Engine
from whet.rollout.call_size import CallLimits, OutOfMemoryError
from whet.rollout.row_places import Places
from whet.types import SamplingParams


@dataclass(frozen=True, slots=True)
class Drawn:
    """Tokens drawn at one time, one for each of some unfinished rows."""

    rows: tuple[int, ...]
    """Indices among all rows."""
    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]
    again: tuple[int, ...] = ()
    """Rows that begin again: what was yielded of them before is void."""

    def some(self, wanted: Sequence[bool]) -> "Drawn":
        """Returns those of the rows that are wanted."""
        rows, tokens = (tuple(compress(column, wanted)) for column in (self.rows, self.tokens))
        return Drawn(rows, tokens, tuple(compress(self.logprobs, wanted)))


def generate(
    engine: Engine,
    prompts: Sequence[Sequence[int]],
    keys_R: Tensor,
    params: SamplingParams,
    end_tokens: frozenset[int],
    limits: CallLimits | None = None,
) -> Iterator[Drawn]:
    """Yields the tokens of every row, in order, until each has ended or `params.max_tokens` of it are drawn.

    Where memory does not hold all rows, some of them begin `again`; those that have ended never do. Raises
    `OutOfMemoryError` where it does not hold what it was expected to.

    `keys_R` holds the random key of each row (`whet.rollout.rng.key`), rows of a prompt being neighbours. `limits` says
    how many are sampled at a time, and at least one prompt's are; by default all.
    """
    waiting, share = deque(range(len(prompts))), len(keys_R) // len(prompts)
    limits = limits or CallLimits(len(keys_R))
    places = Places([len(prompt) for prompt in prompts], share, params.max_tokens, limits)
    batch = _Batch(engine, prompts, keys_R, params, end_tokens, places)
    try:
        places.limits = engine.reserve(limits, places.prompt_lengths, share, params.max_tokens)
        while waiting:
            yield from batch.drawn(waiting)
    except Exception as error:
        if is_out_of_memory(error):
            raise OutOfMemoryError(places.together or min(limits.rows, len(keys_R))) from error
        raise


class _Batch:
    """The rows that are being sampled: it begins with some of the prompts that wait, and takes more of them."""

    def __init__(
        self,
        engine: Engine,
        prompts: Sequence[Sequence[int]],
        keys_R: Tensor,
        params: SamplingParams,
        end_tokens: frozenset[int],
        places: Places,
    ) -> None:
        self.engine, self.prompts, self.keys_R = engine, prompts, keys_R
        self.params, self.end_tokens, self.places = params, end_tokens, places
        self.burst: Burst | None = None
        self.under_way: deque[_Look] = deque()
        self.some_again = False
        """Whether rows were sent back: then some that have ended may be drawn again, beside those of their prompt."""

    def drawn(self, waiting: deque[int]) -> Iterator[Drawn]:
        """Samples until no row is unfinished; takes prompts from `waiting`."""
        engine, places = self.engine, self.places
        places.drop_ended()
        self.under_way.clear()
        self.burst = None
        self._take(waiting, engine.start)
        while places.unfinished:
            count = min(engine.burst_tokens, places.left())
            if count > 0 and len(self.under_way) <= engine.looks_behind and self._may_draw(count):
                yield from self._sent_back(count, waiting)
                self._draw(count)
                continue
            yield from self._looked_at(self.under_way.popleft())
            self._refill(waiting)

    def _take(self, waiting: deque[int], begin: "Begin") -> None:
        """Prefills the prompts that begin now, and draws the first token of their rows."""
        taken = self.places.take(waiting)
        if not taken:
            return
        rows = self.places.rows_of(taken)
        with self.engine.no_gradient():
            logits_RV = begin([self.prompts[prompt] for prompt in taken], self.places.share, self.params.max_tokens)
            burst = self.engine.new_burst(len(rows))
            burst.begin(self.keys_R[rows], self.params, self.end_tokens)
            burst.take(logits_RV)
            self.under_way.append(_Look(tuple(rows), [0] * len(rows), burst.fetched(1)))
            self.burst = self.engine.joined(self.burst, burst)
        if not self.places.ended.isdisjoint(rows):  # that were sent back beside others of their prompt
            self._drop_ended()

    def _may_draw(self, count: int) -> bool:
        """Whether there is memory, or it is known which rows have ended, so that others may be sent back."""
        return not self.under_way or self.places.hold(count)

    def _sent_back(self, count: int, waiting: deque[int]) -> Iterator[Drawn]:
        """Tells which rows begin again, as memory does not hold so many more tokens of them."""
        again = self.places.send_back(count, waiting)
        if again:
            self.some_again = True
            self._drop_ended()
            yield Drawn((), (), (), tuple(again))

    def _draw(self, count: int) -> None:
        """Begins to draw so many tokens of every row."""
        assert self.burst is not None
        with self.engine.no_gradient():
            self.engine.further(self.burst, count)
        self.under_way.append(_Look(tuple(self.places.rows), self.places.counts, self.burst.fetched(count)))
        self.places.advance(count)

    def _looked_at(self, look: "_Look") -> Iterator[Drawn]:
        """The tokens of a burst, one position after another, without those that no row wants."""
        columns, longest = [x.tolist() for x in look.fetched()], max(look.before)
        for number, (tokens, logprobs, wanted) in enumerate(zip(*columns, strict=True), 1):
            is_full = longest + number >= self.params.max_tokens
            if is_full or self.some_again:
                wanted = [one and row in self.places.unfinished for one, row in zip(wanted, look.rows, strict=True)]
            drawn = Drawn(look.rows, tokens, logprobs).some(wanted)
            if drawn.rows:
                yield drawn
            if is_full or not self.end_tokens.isdisjoint(drawn.tokens):
                lengths = compress((before + number for before in look.before), wanted)
                for row, token, length in zip(drawn.rows, drawn.tokens, lengths, strict=True):
                    if token in self.end_tokens or length == self.params.max_tokens:
                        self.places.end(row, length)

    def _refill(self, waiting: deque[int]) -> None:
        """Drops ended rows where they are many or there is no room for more of their tokens; takes waiting prompts."""
        engine, places = self.engine, self.places
        some_ended = len(places.unfinished) < len(places.rows)
        if not (places.unfinished and some_ended):
            return
        is_refilled = bool(waiting) and places.are_few(engine.refill_threshold)
        are_many = len(places.unfinished) < engine.compaction_threshold * len(places.rows)
        if is_refilled or are_many or (places.are_full and not self.under_way):
            self._drop_ended()
        if is_refilled:
            self._take(waiting, engine.join)

    def _drop_ended(self) -> None:
        count = len(self.places.rows)
        kept = self.places.drop_ended()
        if len(kept) < count and self.burst is not None:
            self.engine.keep(kept)
            self.burst.keep(kept)


Begin = Callable[[Sequence[Sequence[int]], int, int], Tensor]
"""`Engine.start` or `Engine.join`."""


@dataclass(frozen=True, slots=True)
class _Look:
    """A burst whose tokens are on their way to the host."""

    rows: tuple[int, ...]
    before: list[int]
    """Tokens that each row had before the burst."""
    fetched: Callable[[], Sequence[Tensor]]
