"""The fused decoder: a transformer's forward pass for sampling, one token per row at a time.

It computes what the model's own forward computes. Each prompt is prefilled once and its keys and values shared by all
its rows; each row caches only its own. The query heads of a key-value head are rows of one product, so keys are not
repeated.

Shapes: `Q` prompts, `L` the longest prompt, `R` rows (unfinished completions), `H` query heads, `K` key-value heads,
`r = H / K`, `D` head size, `C` tokens of capacity in the rows' own cache, `S = L + C`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad, scaled_dot_product_attention

from whet.rollout.engine.fused_weights import AttentionKind, FusedWeights, Layer
from whet.rollout.engine.prompt_rows import PromptRows

NOWHERE = 2**62
"""The position of padding: after every token, so the causal mask hides it."""


@dataclass(slots=True)
class LayerCache:
    """The KV cache of one layer."""

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


class Decoder:
    """Plays `Engine`: decodes rows with a KV cache, prompts' entries shared and each row's own."""

    eos_check_interval = 1
    """Tokens between two checks for ended rows."""
    compaction_threshold = 0.8
    """Ended rows are dropped once fewer than this share of rows is unfinished."""
    block = 32
    """Tokens by which the rows' own cache grows: products over whole blocks are faster than over slices."""

    def __init__(self, weights: FusedWeights) -> None:
        self.weights = weights

    @torch.inference_mode()
    def start(self, prompts: Sequence[Sequence[int]], rows_per_prompt: int, longest_response: int) -> Tensor:
        """Prefills the prompts; returns the logits of each row's first token, `[Q · rows_per_prompt, V]`."""
        weights, device = self.weights, self.weights.embedding.device
        lengths_Q = torch.tensor([len(prompt) for prompt in prompts], device=device)
        tokens_QL = torch.zeros(len(prompts), int(lengths_Q.max()), dtype=torch.long, device=device)
        for row_L, prompt in zip(tokens_QL, prompts, strict=True):
            row_L[: len(prompt)] = torch.tensor(prompt)
        steps_L = torch.arange(tokens_QL.shape[1], device=device)
        prompt_R = torch.arange(len(prompts), device=device).repeat_interleave(rows_per_prompt)
        self.grid = PromptRows(prompt_R, len(prompts))
        self.position_R = lengths_Q[prompt_R]
        self.prompt_positions_RL = torch.where(steps_L < lengths_Q[:, None], steps_L, NOWHERE)[prompt_R]
        # tokens appended so far: as a number, and as a tensor for indexing on the device
        self.step, self.slot = 0, torch.zeros(1, dtype=torch.long, device=device)
        self.longest = longest_response
        self.layer_caches: list[LayerCache] = []
        x = weights.embedding[tokens_QL]
        tables = {name: kind.rotary(steps_L) for name, kind in weights.kinds.items()}
        for layer in weights.layers:
            x = self._prefill(layer, x, *tables[layer.kind])
        last_QD = x[torch.arange(len(prompts), device=device), lengths_Q - 1]
        return weights.head(weights.final_norm(last_QD)).repeat_interleave(rows_per_prompt, 0)

    @torch.inference_mode()
    def advance(self, tokens_R: Tensor) -> Tensor:
        """Appends one token to every row; returns the logits of the next, `[R, V]`."""
        if self.step == self._capacity():
            self._grow_cache()
        self.step += 1
        return self._forward(tokens_R)

    def _forward(self, tokens_R: Tensor) -> Tensor:
        """The device work of a step; updates `position_R`, `slot` and the cache in place."""
        weights = self.weights
        x, step_masks = weights.embedding[tokens_R], self._step_masks()
        for layer, cache in zip(weights.layers, self.layer_caches, strict=True):
            x = x + layer.after_attention(layer.attention_out(self._attend(layer, cache, x, step_masks[layer.kind])))
            x = x + layer.after_mlp(self._mlp(layer, x))
        self.position_R += 1
        self.slot += 1
        return weights.head(weights.final_norm(x))

    @torch.inference_mode()
    def keep(self, rows: Tensor) -> None:
        """Drops all rows but these, int64 indices in ascending order."""
        self.grid = PromptRows(self.grid.prompt_R[rows], self.grid.shape[0])
        self.position_R, self.prompt_positions_RL = self.position_R[rows], self.prompt_positions_RL[rows]
        # own keys of row i are at i · K … i · K + K − 1
        heads = (
            rows[:, None] * self.weights.kv_heads + torch.arange(self.weights.kv_heads, device=rows.device)
        ).flatten()
        for cache in self.layer_caches:
            cache.own_keys, cache.own_values = cache.own_keys[heads], cache.own_values[heads]

    def _capacity(self) -> int:
        """C: the capacity of the rows' own cache in tokens."""
        return int(self.layer_caches[0].own_keys.shape[-1])

    def _grow_cache(self) -> None:
        more = min(self.block, self.longest - self.step)
        for cache in self.layer_caches:
            cache.own_keys = pad(cache.own_keys, (0, more))
            cache.own_values = pad(cache.own_values, (0, 0, 0, more))

    def _step_masks(self) -> Mapping[str, StepMask]:
        """The masks by kind of attention, for the tokens at `position_R`."""
        own_C = torch.arange(self._capacity(), device=self.position_R.device)
        # slot c of a row holds the token `slot − c` before its newest one; later slots are in the future, so hidden
        own_RC = self.position_R[:, None] - self.slot + own_C
        positions_RS = torch.cat([self.prompt_positions_RL, own_RC], -1)
        return {name: self._step_mask(kind, positions_RS) for name, kind in self.weights.kinds.items()}

    def _step_mask(self, kind: AttentionKind, positions_RS: Tensor) -> StepMask:
        w, dtype = self.weights, self.weights.embedding.dtype
        now_R1 = self.position_R[:, None]
        hidden_RS = positions_RS > now_R1
        if kind.window is not None:
            hidden_RS |= positions_RS <= now_R1 - kind.window
        cosine, sine = kind.rotary(self.position_R)
        # queries are scaled while they are rotated, so q · k needs no product of its own
        scales = cosine.new_ones(w.heads + w.kv_heads, 1)
        scales[: w.heads] = w.scale
        bias_RS = hidden_RS.to(dtype) * torch.finfo(dtype).min
        return StepMask(cosine[:, None] * scales, half_negated(sine)[:, None] * scales, bias_RS[:, None, None])

    def _qkv(self, layer: Layer, x: Tensor) -> tuple[Tensor, Tensor]:
        """Queries and keys `[…, H + K, D]`, normalised, and values `[…, K, D]`."""
        w = self.weights
        heads = layer.qkv(layer.attention_norm(x)).view(*x.shape[:-1], -1, w.head_size)
        query_key, value = heads.split_with_sizes([w.heads + w.kv_heads, w.kv_heads], -2)
        return layer.head_norm(query_key), value

    def _mlp(self, layer: Layer, x: Tensor) -> Tensor:
        gate, up = layer.gate_up(layer.mlp_norm(x)).chunk(2, -1)
        return layer.down(self.weights.activation(gate) * up)

    def _prefill(self, layer: Layer, x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        """One layer over whole prompts `[Q, L, hidden]`; caches their keys and values."""
        w = self.weights
        query_key, value = self._qkv(layer, x)
        rotated_qk = rotated(query_key, cosine[:, None], half_negated(sine)[:, None])
        query, key, value = (part.transpose(1, 2) for part in (*rotated_qk.split([w.heads, w.kv_heads], -2), value))
        keys, values = (part.repeat_interleave(w.repeats, 1) for part in (key, value))
        mask = visible(x.shape[1], w.kinds[layer.kind].window, x.device)
        seen = scaled_dot_product_attention(query, keys, values, mask, is_causal=mask is None, scale=w.scale)
        x = x + layer.after_attention(layer.attention_out(seen.transpose(1, 2).flatten(2)))
        rows = len(self.position_R) * w.kv_heads
        self.layer_caches.append(
            LayerCache(
                prompt_keys=key.transpose(-1, -2).flatten(0, 1).contiguous(),
                prompt_values=value.flatten(0, 1).contiguous(),
                own_keys=x.new_zeros(rows, w.head_size, 0),
                own_values=x.new_zeros(rows, 0, w.head_size),
            )
        )
        return x + layer.after_mlp(self._mlp(layer, x))

    def _attend(self, layer: Layer, cache: LayerCache, x: Tensor, step_mask: StepMask) -> Tensor:
        """Attention of one new token per row over [its prompt ‖ itself], `[R, H · D]`."""
        w, grid, longest_prompt = self.weights, self.grid, cache.prompt_keys.shape[-1]
        query_key, value = self._qkv(layer, x)
        query, key = rotated(query_key, step_mask.cosine, step_mask.signed_sine).split_with_sizes(
            [w.heads, w.kv_heads], -2
        )
        cache.own_keys.index_copy_(2, self.slot, key.reshape(-1, w.head_size, 1))
        cache.own_values.index_copy_(1, self.slot, value.reshape(-1, 1, w.head_size))
        query = query.reshape(len(x), w.kv_heads, w.repeats, w.head_size)
        over_prompt = grid.gather(torch.bmm(grid.spread(query), cache.prompt_keys), w.kv_heads)  # [R, K, r, L]
        over_own = torch.bmm(query.flatten(0, 1), cache.own_keys)  # [R · K, r, C]
        # one softmax over [prompt ‖ own]: scores are joined before it and weights split after it
        scores = torch.cat([over_prompt, over_own.view(*query.shape[:3], -1)], -1)
        weights = scores.add_(step_mask.bias).softmax(-1)  # summed in float32 inside
        seen = grid.gather(torch.bmm(grid.spread(weights[..., :longest_prompt]), cache.prompt_values), w.kv_heads)
        own = torch.bmm(weights.flatten(0, 1)[..., longest_prompt:], cache.own_values)
        return (seen + own.view_as(seen)).flatten(1)


def visible(length: int, window: int | None, device: torch.device) -> Tensor | None:
    """Returns the sliding-window causal mask, bool `[L, L]`, True where visible; None for a plain causal mask."""
    if window is None or length <= window:
        return None
    ones = torch.ones(length, length, dtype=torch.bool, device=device)
    return ones.tril() & ones.triu(1 - window)


def rotated(x: Tensor, cosine: Tensor, signed_sine: Tensor) -> Tensor:
    """Applies rotary position embedding (arXiv:2104.09864) in the half-split layout: x cos + (−x₂ ‖ x₁) sin.

    `signed_sine` is `half_negated(sine)`.
    """
    return torch.addcmul(x * cosine, x.roll(x.shape[-1] // 2, -1), signed_sine)


def half_negated(sine: Tensor) -> Tensor:
    """Returns `sine` with its first half negated: (−x₂ ‖ x₁) sin = (x₂ ‖ x₁) (−sin ‖ sin)."""
    first, second = sine.chunk(2, -1)
    return torch.cat([-first, second], -1)
