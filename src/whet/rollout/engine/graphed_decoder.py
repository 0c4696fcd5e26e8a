"""The fused decoder with recorded bursts: a few tokens of all rows, with their draws, are one replay of a graph.

Everything lies in a room that stays: pages of keys and values, the rows' states, and the graphs that were recorded with
them. It serves every call that it holds, with weights that are copied into place, so a graph is recorded once for many
steps of a training; the copies are a graph too (`refresh`). Rows that have ended leave their places and pages to others
between two bursts; the table that says who has which is sent before each.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from whet.rollout.burst import Burst
from whet.rollout.call_size import CallLimits
from whet.rollout.engine.cuda_graph import Record, Work
from whet.rollout.engine.decoder import Decoder
from whet.rollout.engine.fused_weights import FusedWeights, tensors_of
from whet.rollout.engine.kv_cache import all_angles
from whet.rollout.engine.operations import Operations
from whet.rollout.engine.paged_cache import PagedCache
from whet.rollout.engine.paged_room import PAGE, Demand, PagedRoom, width_for
from whet.rollout.engine.placed_burst import PlacedBurst
from whet.rollout.engine.recorded_refresh import RecordedRefresh
from whet.rollout.engine.rotation import Angles

MOST_GRAPHS = 24
"""Recorded bursts that are kept: sampling of training, check and evaluation has a few each."""


@dataclass(slots=True)
class Kept:
    """What stays from call to call: pages, the rows' state, and the bursts that were recorded with them."""

    cache: PagedCache
    burst: PlacedBurst
    angles: Mapping[str, Angles]
    replays: dict[Any, Work] = field(default_factory=dict)
    """By `Burst.recipe` and rows."""


class GraphedDecoder(Decoder):
    """Plays `Engine` with the same results as `Decoder`. Only after `reserve` can rows start."""

    burst_tokens = 8
    page_tokens = PAGE
    looks_behind = 1
    compaction_threshold = 1.0
    refill_threshold = 0.9

    def __init__(self, weights: FusedWeights, operations: Operations, record: Record) -> None:
        super().__init__(weights, operations)
        self.record, self.refresh = record, RecordedRefresh(weights, record)
        self.held: Kept | None = None

    @property
    def kept(self) -> Kept:
        """What `reserve` made. Raises `RuntimeError` before."""
        if self.held is None:
            raise RuntimeError("an engine of recorded bursts starts only after reserve")
        return self.held

    def no_gradient(self) -> AbstractContextManager[object]:
        """Not inference mode: a random state that was first recorded there can be recorded nowhere else."""
        return torch.no_grad()

    def reserve(
        self, limits: CallLimits, prompt_lengths: Sequence[int], rows_per_prompt: int, longest_response: int
    ) -> CallLimits:
        """Makes room for what limits hold, where there is too little; returns limits that count pages.

        A room that is too small in one way grows in that way: training and evaluation soon share one.
        """
        self.longest = longest_response
        beyond = self.burst_tokens * (1 + self.looks_behind)
        demand = Demand(prompt_lengths, rows_per_prompt, longest_response, beyond)
        room, within = demand.room(limits, self.weights.bytes_per_token)
        if self.held is not None and not self.held.cache.room.holds(room):
            room = room.widened(self.held.cache.room)
            self.forget()  # the last pages are free before the next are made
        self.held = self.held or self._made(room)
        self.angles = self.held.angles
        return within

    def start(self, prompts: Sequence[Sequence[int]], rows_per_prompt: int, longest_response: int) -> Tensor:
        """Drops all rows, and prefills the prompts; returns the logits of each row's first token, `[R, V]`."""
        self.kept.cache.host.clear()
        return self.join(prompts, rows_per_prompt, longest_response)

    def join(self, prompts: Sequence[Sequence[int]], rows_per_prompt: int, longest_response: int) -> Tensor:
        """As `start`, beside the rows that there are, in free places. Raises `MemoryError` where pages are lacking."""
        cache = self.kept.cache
        with self.no_gradient():
            pages_QC = cache.host.begin([len(prompt) for prompt in prompts], rows_per_prompt)
            cache.begin(self.operations.send(pages_QC, self.device))
            return self._first_logits(cache, prompts, rows_per_prompt)

    def new_burst(self, rows: int) -> Burst:
        """Returns a state for the first token of new rows."""
        burst = Burst(rows, 1, self.device, self.operations)
        burst.ends = self.kept.burst.ends  # what a graph reads is made once
        return burst

    def joined(self, burst: Burst | None, new: Burst) -> Burst:
        """The state that is recorded, with new rows in their places."""
        self.kept.burst.join(new)
        return self.kept.burst

    def further(self, burst: Burst, count: int) -> None:
        """Replays a burst, whatever `count`; records it first where there is none of that recipe and size."""
        kept, table = self.kept, self.kept.cache.host
        width = width_for(len(table.rows))
        kept.burst.move(*table.pack(width))
        lines = table.make_room(burst.size, self.longest)
        kept.cache.table_RC.copy_(self.operations.send(lines, self.device))
        which = (burst.recipe, width)
        if which not in kept.replays:
            self._forget_graphs_of_many()
            kept.replays[which] = self._recorded(kept.cache, burst.of_first(width))
        kept.replays[which]()
        table.advance(burst.size)

    def _forget_graphs_of_many(self) -> None:
        """Drops all graphs where they are many: whoever is served may ask for any temperature."""
        if len(self.kept.replays) >= MOST_GRAPHS:
            self.kept.replays.clear()
            self.refresh.forget()

    def keep(self, rows: Sequence[int]) -> None:
        """Drops all rows but these, in ascending order."""
        self.kept.cache.host.keep(rows)

    def forget(self) -> None:
        """Frees pages, states and graphs."""
        self.held = None
        self.refresh.forget()
        super().forget()

    @property
    def held_bytes(self) -> int:
        """Keys and values of all pages."""
        return self.weights.bytes_per_token * PAGE * self.held.cache.room.pages if self.held else 0

    @property
    def bytes(self) -> int:
        """What it holds: weights, keys and values."""
        return self.held_bytes + sum(tensor.nbytes for tensor in tensors_of(self.weights))

    def _made(self, room: PagedRoom) -> Kept:
        angles = all_angles(self.weights, room.positions)
        cache = self.operations.pages(self.weights, room, angles)
        return Kept(cache, PlacedBurst(cache.host, self.burst_tokens, self.device, self.operations), angles)

    def _recorded(self, cache: PagedCache, burst: Burst) -> Work:
        """Records a burst. That runs it, so the state is put back; the cache's entries are overwritten later."""
        state = (cache.table_RC, burst.position_R, burst.tokens_R, burst.alive_R)
        before = [tensor.clone() for tensor in state]
        try:
            return self.record(lambda: burst.further(lambda tokens_R: self._forward(cache, tokens_R), burst.size))
        finally:
            for tensor, old in zip(state, before, strict=True):
                tensor.copy_(old)
