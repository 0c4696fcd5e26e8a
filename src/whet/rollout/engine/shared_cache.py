"""The KV cache by PyTorch's own operations: products over whole prompts, shared by their rows.

The query heads of a key-value head are rows of one product, so keys are not repeated.

Shapes: `Q` prompts, `L` the longest prompt, `R` rows, `H` query heads, `K` key-value heads, `r = H / K`, `D` head size,
`C` tokens of capacity in the rows' own cache, `S = L + C`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from whet.models.soft_caps import soft_capped
from whet.rollout.engine.fused_weights import FusedWeights, Layer
from whet.rollout.engine.kv_cache import Room
from whet.rollout.engine.prompt_rows import PromptRows
from whet.rollout.engine.rotation import Angles, rotated

NOWHERE = 2**62
"""The position of padding: after every token, so the causal mask hides it."""


@dataclass(slots=True)
class LayerCache:
    """The keys and values of one layer."""

    prompt_keys: Tensor
    """`[Q · K, D, L]`."""
    prompt_values: Tensor
    """`[Q · K, L, D]`."""
    own_keys: Tensor
    """`[R · K, D, C]`."""
    own_values: Tensor
    """`[R · K, C, D]`."""


@dataclass(frozen=True, slots=True)
class StepMask:
    """Rotary factors and attention mask of a step's new tokens, shared by all layers of one kind."""

    cosine: Tensor
    """`[R, H + K, D]`: for queries, times the scale of q · k."""
    signed_sine: Tensor
    bias: Tensor
    """`[R, 1, 1, S]`: 0 where a row's new token attends, −∞ (the dtype's smallest number) where it does not."""


class SharedCache:
    """Plays `KvCache` on any device."""

    def __init__(self, weights: FusedWeights, room: Room, angles: Mapping[str, Angles]) -> None:
        self.weights, self.angles, self.room, self.own_tokens = weights, angles, room, room.own_tokens
        self.steps = 0
        new = weights.embedding.new_zeros
        kv_heads, size, prompts, rows = weights.kv_heads, weights.head_size, room.prompts, room.rows
        self.layers = [
            LayerCache(
                prompt_keys=new(prompts * kv_heads, size, room.prompt_tokens),
                prompt_values=new(prompts * kv_heads, room.prompt_tokens, size),
                own_keys=new(rows * kv_heads, size, room.own_tokens),
                own_values=new(rows * kv_heads, room.own_tokens, size),
            )
            for _ in weights.layers
        ]
        device = weights.embedding.device
        self.grid = PromptRows.full(prompts, room.rows_per_prompt, device)
        self.position_R = torch.zeros(rows, dtype=torch.long, device=device)
        self.slot = torch.zeros(1, dtype=torch.long, device=device)
        self.prompt_positions_RL = torch.full((rows, room.prompt_tokens), NOWHERE, device=device)
        # queries are scaled while they are rotated, so q · k needs no product of its own
        some = next(iter(angles.values())).cosine_SD
        self.scales = some.new_ones(weights.heads + weights.kv_heads, 1)
        self.scales[: weights.heads] = weights.scale

    @property
    def rows(self) -> int:
        return len(self.position_R)

    def begin(self, lengths_Q: Tensor) -> None:
        self.steps = 0
        lengths_R = lengths_Q[self.grid.prompt_R]
        steps_L = torch.arange(self.room.prompt_tokens, device=lengths_R.device)
        self.prompt_positions_RL.copy_(torch.where(steps_L < lengths_R[:, None], steps_L, NOWHERE))
        self.position_R.copy_(lengths_R)
        self.slot.zero_()

    def put(self, layer: int, first: int, keys: Tensor, values: Tensor) -> None:
        kv_heads, cache = self.weights.kv_heads, self.layers[layer]
        prompts, length = keys.shape[:2]
        part = slice(first * kv_heads, (first + prompts) * kv_heads)
        cache.prompt_keys[part, :, :length] = keys.permute(0, 2, 3, 1).flatten(0, 1)
        cache.prompt_values[part, :length] = values.transpose(1, 2).flatten(0, 1)

    def step(self) -> Mapping[str, StepMask]:
        """The masks by kind of attention, for the tokens at `position_R`."""
        own_C = torch.arange(self.own_tokens, device=self.position_R.device)
        # slot c of a row holds the token `slot − c` before its newest one; later slots are in the future, so hidden
        own_RC = self.position_R[:, None] - self.slot + own_C
        positions_RS = torch.cat([self.prompt_positions_RL, own_RC], -1)
        return {name: self._mask(name, positions_RS) for name in self.weights.kinds}

    def _mask(self, name: str, positions_RS: Tensor) -> StepMask:
        angles, window, dtype = self.angles[name], self.weights.kinds[name].window, self.weights.embedding.dtype
        now_R1 = self.position_R[:, None]
        hidden_RS = positions_RS > now_R1
        if window is not None:
            hidden_RS |= positions_RS <= now_R1 - window
        cosine, sine = (x.index_select(0, self.position_R) for x in (angles.cosine_SD, angles.signed_sine_SD))
        bias_RS = hidden_RS.to(dtype) * torch.finfo(dtype).min
        return StepMask(cosine[:, None] * self.scales, sine[:, None] * self.scales, bias_RS[:, None, None])

    def attend(
        self, number: int, layer: Layer, query_key: Tensor, value: Tensor, step: Mapping[str, StepMask]
    ) -> Tensor:
        w, grid, cache, mask = self.weights, self.grid, self.layers[number], step[layer.kind]
        query, key = rotated(query_key, mask.cosine, mask.signed_sine).split_with_sizes([w.heads, w.kv_heads], -2)
        cache.own_keys.index_copy_(2, self.slot, key.reshape(-1, w.head_size, 1))
        cache.own_values.index_copy_(1, self.slot, value.reshape(-1, 1, w.head_size))
        query = query.reshape(len(value), w.kv_heads, w.repeats, w.head_size)
        over_prompt = grid.gather(torch.bmm(grid.spread(query), cache.prompt_keys), w.kv_heads)  # [R, K, r, L]
        over_own = torch.bmm(query.flatten(0, 1), cache.own_keys)  # [R · K, r, C]
        # one softmax over [prompt ‖ own]: scores are joined before it and weights split after it
        scores = torch.cat([over_prompt, over_own.view(*query.shape[:3], -1)], -1)
        scores = scores if w.soft_cap is None else soft_capped(scores, w.soft_cap)
        weights = scores.add_(mask.bias).softmax(-1)  # summed in float32 inside
        longest_prompt = cache.prompt_keys.shape[-1]
        seen = grid.gather(torch.bmm(grid.spread(weights[..., :longest_prompt]), cache.prompt_values), w.kv_heads)
        own = torch.bmm(weights.flatten(0, 1)[..., longest_prompt:], cache.own_values)
        return (seen + own.view_as(seen)).flatten(1)

    def advance(self) -> None:
        self.position_R += 1
        self.slot += 1

    def make_room(self, block: int, longest: int) -> None:
        if self.steps == self.own_tokens:
            self._grow(min(block, longest - self.steps))
        self.steps += 1

    def _grow(self, more: int) -> None:
        self.own_tokens += more
        for cache in self.layers:
            cache.own_keys = pad(cache.own_keys, (0, more))
            cache.own_values = pad(cache.own_values, (0, 0, 0, more))

    def keep(self, rows: Tensor) -> None:
        prompts, prompt_R = self.grid.prompt_R[rows].unique(return_inverse=True)
        if len(prompts) < self.grid.shape[0]:
            heads = self._heads(prompts)
            for cache in self.layers:
                cache.prompt_keys, cache.prompt_values = cache.prompt_keys[heads], cache.prompt_values[heads]
        self.grid = PromptRows(prompt_R, len(prompts))
        self.position_R, self.prompt_positions_RL = self.position_R[rows], self.prompt_positions_RL[rows]
        heads = self._heads(rows)
        for cache in self.layers:
            cache.own_keys, cache.own_values = cache.own_keys[heads], cache.own_values[heads]

    def _heads(self, some: Tensor) -> Tensor:
        """The places of the key-value heads of rows or prompts: those of i are i · K … i · K + K − 1."""
        kv_heads = self.weights.kv_heads
        return (some[:, None] * kv_heads + torch.arange(kv_heads, device=some.device)).flatten()
