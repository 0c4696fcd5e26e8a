"""The fused decoder: a transformer's forward pass for sampling, one token per row at a time.

It computes what the model's own forward computes. Each prompt is prefilled once and its keys and values shared by all
its rows; each row caches only its own.

Shapes: `Q` prompts, `L` the longest prompt, `R` rows (unfinished completions), `H` query heads, `K` key-value heads,
`D` head size.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from whet.models.soft_caps import soft_capped
from whet.rollout.burst import EagerEngine
from whet.rollout.engine.fused_weights import FusedWeights, Layer
from whet.rollout.engine.joined_cache import JoinedCache
from whet.rollout.engine.kv_cache import KvCache, PrefillCache, PromptCache, Room, StepCache, all_angles
from whet.rollout.engine.norms import Norm
from whet.rollout.engine.operations import TORCH, Operations
from whet.rollout.engine.prompt_batch import PromptBatch
from whet.rollout.engine.rotation import Angles, rotated

PREFILL_TOKENS = 2**14
"""Tokens of prompts, padding included, that are prefilled at once: their activations bound the memory of a start."""


class Decoder(EagerEngine):
    """Plays `Engine`: decodes rows with a KV cache, prompts' entries shared and each row's own."""

    refill_threshold = 0.5
    block = 32
    """Tokens by which the rows' own cache grows: products over whole blocks are faster than over slices."""
    cache: KvCache
    angles: Mapping[str, Angles]

    def __init__(self, weights: FusedWeights, operations: Operations = TORCH) -> None:
        super().__init__(operations)
        self.weights = weights

    @property
    def device(self) -> torch.device:
        """Where it decodes."""
        return self.weights.embedding.device

    def start(self, prompts: Sequence[Sequence[int]], rows_per_prompt: int, longest_response: int) -> Tensor:
        """Prefills the prompts; returns the logits of each row's first token, `[Q · rows_per_prompt, V]`."""
        self.longest = longest_response
        self.forget()
        self.cache = cache = self._growing(_room(prompts, rows_per_prompt, longest_response))
        return self._begun(cache, prompts, rows_per_prompt)

    def join(self, prompts: Sequence[Sequence[int]], rows_per_prompt: int, longest_response: int) -> Tensor:
        """As `start`, beside the rows that there are: the new ones come after them, with a cache of their own."""
        new = self._growing(_room(prompts, rows_per_prompt, longest_response))
        logits_RV = self._begun(new, prompts, rows_per_prompt)
        self.cache = JoinedCache.of(self.cache, new)
        return logits_RV

    def advance(self, tokens_R: Tensor) -> Tensor:
        """Appends one token to every row; returns the logits of the next, `[R, V]`."""
        with self.no_gradient():
            self.cache.make_room(self.block, self.longest)
            return self._forward(self.cache, tokens_R)

    def keep(self, rows: Sequence[int]) -> None:
        """Drops all rows but these, in ascending order."""
        with self.no_gradient():
            self.cache.keep(torch.tensor(rows, device=self.device))

    def forget(self) -> None:
        """Frees the KV cache."""
        vars(self).pop("cache", None)

    def _growing(self, room: Room) -> PromptCache:
        """A cache whose own part grows block by block."""
        self.angles = all_angles(self.weights, room.prompt_tokens + room.own_tokens)
        return self.operations.cache(self.weights, replace(room, own_tokens=0), self.angles)

    def _begun(self, cache: PromptCache, prompts: Sequence[Sequence[int]], rows_per_prompt: int) -> Tensor:
        """Prefills prompts into a cache; returns the logits of each row's first token."""
        with self.no_gradient():
            cache.begin(torch.tensor([len(prompt) for prompt in prompts], device=self.device))
            return self._first_logits(cache, prompts, rows_per_prompt)

    def _first_logits(self, cache: PrefillCache, prompts: Sequence[Sequence[int]], rows_per_prompt: int) -> Tensor:
        """Prefills prompts that have begun."""
        logits_QV = torch.cat([self._prefilled(cache, first, some) for first, some in _chunks(prompts)])
        return logits_QV.repeat_interleave(rows_per_prompt, 0)

    def _forward(self, cache: StepCache, tokens_R: Tensor) -> Tensor:
        """The device work of a step; updates the cache in place."""
        weights = self.weights
        x, step = weights.embedding[tokens_R], cache.step()
        normed = weights.layers[0].attention_norm(x)
        for number, (layer, next_norm) in enumerate(weights.layers_with_next_norms()):
            seen = cache.attend(number, layer, *self._qkv(layer, normed), step)
            x, normed = self._after_attention(layer, x, seen, next_norm)
        cache.advance()
        return weights.head(normed)

    def _qkv(self, layer: Layer, normed: Tensor) -> tuple[Tensor, Tensor]:
        """Queries and keys `[…, H + K, D]`, normalised, and values `[…, K, D]`."""
        w = self.weights
        heads = layer.qkv(normed).view(*normed.shape[:-1], -1, w.head_size)
        query_key, value = heads.split_with_sizes([w.heads + w.kv_heads, w.kv_heads], -2)
        return layer.head_norm(query_key), value

    def _after_attention(self, layer: Layer, x: Tensor, seen: Tensor, next_norm: Norm) -> tuple[Tensor, Tensor]:
        """The rest of a layer: the residual stream `[…, hidden]` behind it, and what the next layer takes of it."""
        add_norm = self.operations.add_norm
        x, normed = add_norm(x, layer.after_attention(layer.attention_out(seen)), layer.mlp_norm)
        inner = self.operations.gate(layer.gate_up(normed), self.weights)
        return add_norm(x, layer.after_mlp(layer.down(inner)), next_norm)

    def _prefilled(self, cache: PrefillCache, first: int, prompts: Sequence[Sequence[int]]) -> Tensor:
        """Caches some of the prompts, the first of them number `first`; returns their next token's logits `[q, V]`."""
        weights, batch = self.weights, PromptBatch.of(prompts, self.weights.embedding.shape[1])
        x, angles = weights.embedding[self._sent(batch.tokens)], self._angles_at(batch.positions(self.device))
        masks = {name: self._masks(batch, kind.window) for name, kind in weights.kinds.items()}
        normed = weights.layers[0].attention_norm(x)
        for number, (layer, next_norm) in enumerate(weights.layers_with_next_norms()):
            query_key, value = self._qkv(layer, normed)
            query, key = rotated(query_key, *angles[layer.kind]).split([weights.heads, weights.kv_heads], -2)
            keys, values = batch.whole(key), batch.whole(value)
            cache.put(number, first, keys, values)
            seen = self._seen(batch, masks[layer.kind], query, keys, values)
            x, normed = self._after_attention(layer, x, seen, next_norm)
        return weights.head(normed[self._sent(batch.last)])

    def _angles_at(self, position_N: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
        """Cosines and signed sines, `[N, 1, D]`, by kind of attention."""
        return {
            kind: (found.cosine_SD[position_N, None], found.signed_sine_SD[position_N, None])
            for kind, found in self.angles.items()
        }

    def _masks(self, batch: PromptBatch, window: int | None) -> tuple[Tensor | None, Tensor | None]:
        """As `visible`: of what prompts have of their own, and of what all begin with."""
        own = visible(batch.shared + batch.width, window, batch.width, self.device)
        return own, visible(batch.shared, window, batch.shared, self.device)

    def _seen(
        self,
        batch: PromptBatch,
        masks: tuple[Tensor | None, Tensor | None],
        query: Tensor,
        keys: Tensor,
        values: Tensor,
    ) -> Tensor:
        """A layer's attention of the N tokens, `[N, H, D]`, over their prompts' keys and values, `[q, L, K, D]`; to
        `[N, H · D]`."""
        w, shared = self.weights, batch.shared
        keys, values = (part.transpose(1, 2).repeat_interleave(w.repeats, 1) for part in (keys, values))
        own = _causal(batch.own(query), keys, values, w, masks[0]).flatten(0, 1)
        if not shared:
            return own
        first = _causal(query[None, :shared], keys[:1, :, :shared], values[:1, :, :shared], w, masks[1])
        return torch.cat([first[0], own])

    def _sent(self, numbers: list[Any]) -> Tensor:
        """Numbers of the host as an int64 tensor on the device."""
        return self.operations.send(torch.tensor(numbers), self.device)


def _room(prompts: Sequence[Sequence[int]], rows_per_prompt: int, longest_response: int) -> Room:
    return Room(len(prompts), rows_per_prompt, max(map(len, prompts)), longest_response)


def _chunks(prompts: Sequence[Sequence[int]]) -> Iterator[tuple[int, Sequence[Sequence[int]]]]:
    """Splits prompts where they would exceed `PREFILL_TOKENS`; yields the number of the first, and some prompts."""
    first, longest = 0, 0
    for number, prompt in enumerate(prompts):
        longest = max(longest, len(prompt))
        if number > first and (number + 1 - first) * longest > PREFILL_TOKENS:
            yield first, prompts[first:number]
            first, longest = number, len(prompt)
    yield first, prompts[first:]


def _causal(query: Tensor, keys: Tensor, values: Tensor, weights: FusedWeights, mask: Tensor | None) -> Tensor:
    """Causal attention of the last M of L tokens, `[q, M, H, D]`, over `[q, H, L, D]`; to `[q, M, H · D]`. `mask` is
    that of `visible`."""
    query, length = query.transpose(1, 2), keys.shape[2]
    if weights.soft_cap is None:
        attend = partial(scaled_dot_product_attention, is_causal=mask is None, scale=weights.scale)
        return attend(query, keys, values, mask).transpose(1, 2).flatten(2)
    scores = soft_capped(query @ keys.transpose(-1, -2) * weights.scale, weights.soft_cap)
    seen = torch.ones(length, length, dtype=torch.bool, device=query.device).tril() if mask is None else mask
    shares = scores.masked_fill(~seen, torch.finfo(scores.dtype).min).softmax(-1, dtype=torch.float32)
    return (shares.to(values.dtype) @ values).transpose(1, 2).flatten(2)


def visible(length: int, window: int | None, last: int, device: torch.device) -> Tensor | None:
    """Returns what the last of `length` tokens attend to, in a sliding window where there is one: bool
    `[last, length]`; None for a plain causal mask of all of them."""
    before, within = length - last, length if window is None else min(window, length)
    if within == length and not before:
        return None
    ones = torch.ones(last, length, dtype=torch.bool, device=device)
    return ones.tril(before) & ones.triu(before + 1 - within)
