"""The rows that sample together: a few tokens of each are drawn one after another, without a look from the host.

Everything a burst changes is changed in place, so that a GPU can record the work once and replay it.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from copy import copy
from typing import Protocol

import torch
from torch import Tensor

from whet.rollout.call_size import CallLimits
from whet.rollout.engine.operations import BY_DEVICE, Operations
from whet.types import SamplingParams

Advance = Callable[[Tensor], Tensor]
"""Appends a token `[R]` to every row, and returns the next token's logits `[R, V]`."""

STATE = ("keys_R", "position_R", "tokens_R", "alive_R")
"""What of a burst goes with a row."""

DRAWN = ("tokens_NR", "logprobs_NR", "wanted_NR")
"""What a burst writes down of its rows."""


class Burst:
    """Random keys, last tokens and states of `R` rows, and the last `N` tokens that were drawn for each."""

    def __init__(self, rows: int, size: int, device: torch.device, operations: Operations) -> None:
        self.size, self.operations = size, operations
        self.keys_R = torch.zeros(rows, dtype=torch.long, device=device)
        self.position_R = torch.zeros_like(self.keys_R)
        """Tokens drawn so far."""
        self.tokens_R = torch.zeros_like(self.keys_R)
        self.alive_R = torch.ones_like(self.keys_R, dtype=torch.bool)
        """False once a row has drawn an end token."""
        self.tokens_NR = self.keys_R.new_zeros(size, rows)
        self.logprobs_NR = torch.zeros(size, rows, device=device)
        self.wanted_NR = torch.zeros(size, rows, dtype=torch.bool, device=device)
        """Whether the row had not ended before that token."""
        self.ends: dict[frozenset[int], Tensor] = {}
        """End tokens as tensors, kept: what was recorded reads them where they lay."""

    def begin(self, keys_R: Tensor, params: SamplingParams, end_tokens: frozenset[int]) -> None:
        """Takes the next rows' keys."""
        self.params, self.end_tokens = params, end_tokens
        if end_tokens not in self.ends:
            ends = torch.tensor(sorted(end_tokens), dtype=torch.long)
            self.ends[end_tokens] = self.operations.send(ends, self.keys_R.device)
        self.keys_R.copy_(self.operations.send(keys_R, self.keys_R.device))
        self.position_R.zero_()
        self.alive_R.fill_(True)

    @property
    def recipe(self) -> tuple[float, float, frozenset[int]]:
        """What of the parameters is fixed in a recorded burst."""
        return self.params.temperature, self.params.top_p, self.end_tokens

    def take(self, logits_RV: Tensor, number: int = 0) -> None:
        """Draws every row's next token and writes it down as token `number` of this burst."""
        tokens_R, logprobs_R = self.operations.draw(logits_RV, self.keys_R, self.position_R, self.params)
        self.tokens_R.copy_(tokens_R)
        self.tokens_NR[number] = tokens_R
        self.logprobs_NR[number] = logprobs_R
        self.wanted_NR[number] = self.alive_R
        # not `isin`, which sorts, and so cannot be recorded, where there are many end tokens
        self.alive_R &= ~(tokens_R[:, None] == self.ends[self.end_tokens]).any(-1)
        self.position_R += 1

    def further(self, advance: Advance, count: int) -> None:
        """Draws `count` more tokens of every row."""
        for number in range(count):
            self.take(advance(self.tokens_R), number)

    def fetched(self, count: int) -> Callable[[], Sequence[Tensor]]:
        """Begins to bring back the first `count` tokens of the burst: tokens, log-probabilities, wanted or not."""
        return self.operations.fetch([x[:count] for x in (self.tokens_NR, self.logprobs_NR, self.wanted_NR)])

    def join(self, other: "Burst") -> None:
        """Appends the rows of another burst, which have begun later."""
        for name in STATE:
            setattr(self, name, torch.cat([getattr(self, name), getattr(other, name)]))
        for name in DRAWN:
            setattr(self, name, torch.cat([getattr(self, name), getattr(other, name)], 1))

    def keep(self, rows: Sequence[int]) -> None:
        """Drops all rows but these."""
        kept = torch.tensor(rows, device=self.keys_R.device)
        for name in STATE:
            setattr(self, name, getattr(self, name)[kept])
        for name in DRAWN:
            setattr(self, name, getattr(self, name)[:, kept])

    def of_first(self, rows: int) -> "Burst":
        """Returns the burst of the first rows alone, in the same memory."""
        part = copy(self)
        for name in STATE:
            setattr(part, name, getattr(self, name)[:rows])
        for name in DRAWN:
            setattr(part, name, getattr(self, name)[:, :rows])
        return part


class Engine(Protocol):
    """Prefills prompts, then draws tokens of all rows (`whet.rollout.engine.decoder.Decoder` and others)."""

    burst_tokens: int
    """Tokens between two checks for ended rows."""
    page_tokens: int
    """Tokens for which a row takes memory at a time."""
    looks_behind: int
    """Bursts that are under way when one is looked at: a GPU goes on while the host looks."""
    compaction_threshold: float
    """Ended rows are dropped once fewer than this share of rows is unfinished."""
    refill_threshold: float
    """Prompts that wait join once fewer than this share of the places has an unfinished row; 0: they never do."""

    @property
    def device(self) -> torch.device:
        """Where it samples."""
        ...

    @property
    def held_bytes(self) -> int:
        """What is kept for the next rows to take; `forget` frees it."""
        ...

    def reserve(
        self, limits: CallLimits, prompt_lengths: Sequence[int], rows_per_prompt: int, longest_response: int
    ) -> CallLimits:
        """Is told what limits a call has, before it starts; returns those that it holds to."""
        ...

    def start(self, prompts: Sequence[Sequence[int]], rows_per_prompt: int, longest_response: int) -> Tensor:
        """Prefills the prompts; returns the logits of each row's first token, `[R, V]`."""
        ...

    def join(self, prompts: Sequence[Sequence[int]], rows_per_prompt: int, longest_response: int) -> Tensor:
        """As `start`, beside the rows that there are: the new ones come after them."""
        ...

    def new_burst(self, rows: int) -> Burst:
        """Returns the state of so many rows, to be filled; called after `start` or `join`."""
        ...

    def joined(self, burst: Burst | None, new: Burst) -> Burst:
        """Returns the state of all rows: those of `burst`, where there are any, and the new ones, which are filled."""
        ...

    def further(self, burst: Burst, count: int) -> None:
        """Draws `count` more tokens of every row; at most `burst_tokens`."""
        ...

    def keep(self, rows: Sequence[int]) -> None:
        """Drops all rows but these, in ascending order; the burst's `keep` is called next."""
        ...

    def forget(self) -> None:
        """Frees the memory of the rows: keys, values and states."""
        ...

    def no_gradient(self) -> AbstractContextManager[object]:
        """In which mode it computes."""
        ...


class EagerEngine(ABC):
    """An `Engine` that calls `advance` token by token, and looks at each."""

    burst_tokens = 1
    page_tokens = 1
    looks_behind = 0
    compaction_threshold = 0.8
    refill_threshold = 0.0

    def __init__(self, operations: Operations | None = None) -> None:
        self.operations = operations or BY_DEVICE[self.device.type]

    @property
    def device(self) -> torch.device:
        """Where it samples."""
        return torch.device("cpu")

    @property
    def held_bytes(self) -> int:
        """Nothing is kept."""
        return 0

    def reserve(
        self, limits: CallLimits, prompt_lengths: Sequence[int], rows_per_prompt: int, longest_response: int
    ) -> CallLimits:
        """Takes memory as it goes."""
        return limits

    @abstractmethod
    def advance(self, tokens_R: Tensor) -> Tensor:
        """Appends one token to each row; returns the logits of the next, `[R, V]`."""

    def join(self, prompts: Sequence[Sequence[int]], rows_per_prompt: int, longest_response: int) -> Tensor:
        """Raises `RuntimeError`: where `refill_threshold` is 0 no rows join others."""
        raise RuntimeError("all rows of this engine begin together")

    @abstractmethod
    def forget(self) -> None:
        """Frees the memory of the rows: keys, values and states."""

    def no_gradient(self) -> AbstractContextManager[object]:
        """Inference mode, the cheapest."""
        return torch.inference_mode()

    def new_burst(self, rows: int) -> Burst:
        """Returns a new state."""
        return Burst(rows, self.burst_tokens, self.device, self.operations)

    def joined(self, burst: Burst | None, new: Burst) -> Burst:
        """Appends the new rows."""
        if burst is None:
            return new
        burst.join(new)
        return burst

    def further(self, burst: Burst, count: int) -> None:
        """Draws token by token."""
        burst.further(self.advance, count)
