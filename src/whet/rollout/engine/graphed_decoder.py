"""The fused decoder with recorded bursts: a few tokens of all rows, with their draws, are one replay of a graph.

Everything lies in rooms that stay: caches and states of so many prompts, rows and tokens, and the graphs that were
recorded in them. A room serves every call that fits, with weights that are copied into place, so a graph is recorded
once for many steps of a training. The copies are a graph too (`refresh`).
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from whet.errors import is_out_of_memory
from whet.rollout.burst import Burst
from whet.rollout.engine.cuda_graph import Record, Work
from whet.rollout.engine.decoder import Decoder
from whet.rollout.engine.fused_weights import FusedWeights, tensors_of
from whet.rollout.engine.kv_cache import PromptCache, Room, all_angles
from whet.rollout.engine.operations import Operations
from whet.rollout.engine.recorded_refresh import RecordedRefresh
from whet.rollout.engine.rotation import Angles

ROUNDED_TO = 64
"""Tokens of prompts and responses are rounded up to a multiple, so that rooms, and graphs, are few."""

MOST_ROOMS = 4
"""Rooms that are kept: training, evaluation and the check have some each."""


@dataclass(slots=True)
class Kept:
    """A room: its cache, its rows' state, and the bursts that were recorded in it."""

    cache: PromptCache
    burst: Burst
    angles: Mapping[str, Angles]
    replays: dict[Any, Work] = field(default_factory=dict)
    """By `Burst.recipe`."""


class GraphedDecoder(Decoder):
    """Plays `Engine` with the same results as `Decoder`."""

    burst_tokens = 8
    looks_behind = 1
    compaction_threshold = refill_threshold = 0.0
    kept: Kept
    """The room of the call under way."""

    def __init__(self, weights: FusedWeights, operations: Operations, record: Record) -> None:
        super().__init__(weights, operations)
        self.record, self.refresh = record, RecordedRefresh(weights, record)
        self.rooms: dict[Room, Kept] = {}

    def no_gradient(self) -> AbstractContextManager[object]:
        """Not inference mode: a random state that was first recorded there can be recorded nowhere else."""
        return torch.no_grad()

    def new_burst(self, rows: int) -> Burst:
        """Returns the room's state."""
        return self.kept.burst

    def further(self, burst: Burst, count: int) -> None:
        """Replays a burst, whatever `count`; records it first where the room has none of that recipe."""
        if burst.recipe not in self.kept.replays:
            self.kept.replays[burst.recipe] = self._recorded(burst)
        self.kept.replays[burst.recipe]()

    def forget(self) -> None:
        """Frees all rooms and graphs."""
        self.rooms.clear()
        self.refresh.forget()
        vars(self).pop("kept", None)
        super().forget()

    @property
    def held_bytes(self) -> int:
        """Keys and values of all rooms."""
        tokens = sum(room.prompts * room.prompt_tokens + room.rows * room.own_tokens for room in self.rooms)
        return self.weights.bytes_per_token * tokens

    @property
    def bytes(self) -> int:
        """What it holds: weights, keys and values."""
        return self.held_bytes + sum(tensor.nbytes for tensor in tensors_of(self.weights))

    def _room_for(self, room: Room) -> PromptCache:
        """The smallest room of as many prompts and rows that the call fits into, or a new one."""
        wanted = replace(room, prompt_tokens=_rounded(room.prompt_tokens), own_tokens=_rounded(room.own_tokens))
        fitting = [one for one in self.rooms if _holds(one, wanted)]
        chosen = min(fitting, key=lambda one: one.prompt_tokens + one.own_tokens, default=wanted)
        if chosen not in self.rooms:
            if len(self.rooms) == MOST_ROOMS:
                self.forget()
            self.rooms[chosen] = self._new_room_or_others_gone(chosen)
        self.kept = self.rooms[chosen]
        self.angles = self.kept.angles
        return self.kept.cache

    def _new_room_or_others_gone(self, room: Room) -> Kept:
        """A new room; where it does not fit beside the others, these are dropped first."""
        try:
            return self._new_room(room)
        except Exception as error:  # tried again outside, where what was allocated is free again
            if not (self.rooms and is_out_of_memory(error)):
                raise
        self.forget()
        return self._new_room(room)

    def _new_room(self, room: Room) -> Kept:
        angles = all_angles(self.weights, room.prompt_tokens + room.own_tokens)
        burst = Burst(room.rows, self.burst_tokens, self.device, self.operations)
        return Kept(self.operations.cache(self.weights, room, angles), burst, angles)

    def _recorded(self, burst: Burst) -> Work:
        """Records a burst. That runs it, so the state is put back; the cache's entries are overwritten later."""
        cache = self.kept.cache
        state = (cache.position_R, cache.slot, burst.position_R, burst.tokens_R, burst.alive_R)
        before = [tensor.clone() for tensor in state]
        try:
            return self.record(lambda: burst.further(self._forward, burst.size))
        finally:
            for tensor, old in zip(state, before, strict=True):
                tensor.copy_(old)


def _rounded(tokens: int) -> int:
    return -(-tokens // ROUNDED_TO) * ROUNDED_TO


def _holds(one: Room, wanted: Room) -> bool:
    """Whether a room has as many prompts and rows, and at least as many tokens."""
    same = (one.prompts, one.rows_per_prompt) == (wanted.prompts, wanted.rows_per_prompt)
    return same and one.prompt_tokens >= wanted.prompt_tokens and one.own_tokens >= wanted.own_tokens
