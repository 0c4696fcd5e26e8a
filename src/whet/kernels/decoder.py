"""The fused decoder: a transformer's forward for sampling, one token per row at a time.

It computes what the model's own forward computes, from a copy of the weights in which q|k|v and gate|up are
one matrix each. Prompts are read once and their keys and values shared by all of their rows; each row keeps
only its own. The query heads of a key-value head are rows of one product, so nothing is repeated.

Shapes: `Q` prompts, `L` the longest prompt, `R` rows (responses under way), `K` key-value heads, `r` query
heads per key-value head, `D` head size, `M` tokens a response may have.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad, scaled_dot_product_attention

from whet.kernels.linear import Linear

Norm = Callable[[Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class Layer:
    """One block: x + attention(norm(x)), then x + mlp(norm(x))."""

    attention_norm: Norm
    qkv: Linear
    head_norm: Norm
    """Over the size of a head, for query and key heads `[…, H + K, D]`; the identity in most families."""
    attention_out: Linear
    mlp_norm: Norm
    gate_up: Linear
    down: Linear


@dataclass(frozen=True, slots=True)
class Weights:
    """A decoder-only transformer of the Llama kind (Llama, Qwen2, Qwen3), frozen."""

    embedding: Tensor
    """`[V, hidden]`."""
    layers: tuple[Layer, ...]
    final_norm: Norm
    head: Linear
    heads: int
    kv_heads: int
    head_size: int
    activation: Callable[[Tensor], Tensor]
    rotary: Callable[[Tensor], tuple[Tensor, Tensor]]
    """Positions `[…]` to cosine and sine `[…, D]`."""


class Decoder:
    """Rows under way: their prompts' shared keys and values, and each row's own."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights

    @torch.no_grad()
    def start(self, prompts: Sequence[Sequence[int]], rows_per_prompt: int, longest_response: int) -> Tensor:
        """Reads the prompts; returns the logits of each row's first token, `[Q · rows_per_prompt, V]`."""
        weights, device = self.weights, self.weights.embedding.device
        lengths_Q = torch.tensor([len(prompt) for prompt in prompts], device=device)
        tokens_QL = torch.zeros(len(prompts), int(lengths_Q.max()), dtype=torch.long, device=device)
        for row_L, prompt in zip(tokens_QL, prompts, strict=True):
            row_L[: len(prompt)] = torch.tensor(prompt)
        steps_L = torch.arange(tokens_QL.shape[1], device=device)
        self.prompts = len(prompts)
        self.prompt_R = torch.arange(len(prompts), device=device).repeat_interleave(rows_per_prompt)
        self.position_R = lengths_Q[self.prompt_R]
        self.step = 0
        x, rotary = weights.embedding[tokens_QL], self._rotary(steps_L)
        self.prompt_kv: list[tuple[Tensor, Tensor]] = []
        for layer in weights.layers:
            x = self._read(layer, x, rotary)
        shape = (len(self.prompt_R), weights.kv_heads, longest_response, weights.head_size)
        self.own_kv = [(x.new_zeros(shape), x.new_zeros(shape)) for _ in weights.layers]
        hidden_QL = (steps_L >= lengths_Q[:, None]).to(x.dtype) * torch.finfo(x.dtype).min
        self.bias_RM = pad(hidden_QL, (0, longest_response))[self.prompt_R]
        self._index_rows()
        last_QD = x[torch.arange(len(prompts), device=device), lengths_Q - 1]
        return weights.head(weights.final_norm(last_QD)).repeat_interleave(rows_per_prompt, 0)

    @torch.no_grad()
    def advance(self, tokens_R: Tensor) -> Tensor:
        """Appends one token to every row; returns the logits of the next, `[R, V]`."""
        weights = self.weights
        x, rotary = weights.embedding[tokens_R], self._rotary(self.position_R)
        for index, layer in enumerate(weights.layers):
            x = x + layer.attention_out(self._attend(index, layer, x, rotary))
            x = x + self._mlp(layer, x)
        self.position_R = self.position_R + 1
        self.step += 1
        return weights.head(weights.final_norm(x))

    @torch.no_grad()
    def keep(self, rows: Tensor) -> None:
        """Goes on with these rows only, int64 indices in ascending order."""
        self.prompt_R, self.position_R, self.bias_RM = self.prompt_R[rows], self.position_R[rows], self.bias_RM[rows]
        self.own_kv = [(key[rows], value[rows]) for key, value in self.own_kv]
        self._index_rows()

    def _index_rows(self) -> None:
        """Gives each row a place in a grid `[Q, W]` of prompts × rows, so that a prompt's rows are one product."""
        counts_Q = torch.bincount(self.prompt_R, minlength=self.prompts)
        self.width = int(counts_Q.max())
        first_Q = counts_Q.cumsum(0) - counts_Q
        rank_R = torch.arange(len(self.prompt_R), device=counts_Q.device) - first_Q[self.prompt_R]
        self.place_R = self.prompt_R * self.width + rank_R
        self.is_full = len(self.place_R) == self.prompts * self.width

    def _rotary(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Tables for `rotated`, one head wide: made once for all layers."""
        cosine, sine = self.weights.rotary(positions)
        return cosine[..., None, :], half_negated(sine)[..., None, :]

    def _qkv(self, layer: Layer, x: Tensor, rotary: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Queries `[…, H, D]`, keys and values `[…, K, D]`; queries and keys normed and rotated."""
        w = self.weights
        heads: Tensor = layer.qkv(layer.attention_norm(x)).unflatten(-1, (-1, w.head_size))
        query_key, value = heads.split([w.heads + w.kv_heads, w.kv_heads], -2)
        query, key = rotated(layer.head_norm(query_key), *rotary).split([w.heads, w.kv_heads], -2)
        return query, key, value

    def _mlp(self, layer: Layer, x: Tensor) -> Tensor:
        gate, up = layer.gate_up(layer.mlp_norm(x)).chunk(2, -1)
        return layer.down(self.weights.activation(gate) * up)

    def _read(self, layer: Layer, x: Tensor, rotary: tuple[Tensor, Tensor]) -> Tensor:
        """One layer over whole prompts `[Q, L, hidden]`, keeping their keys and values."""
        query, key, value = (part.transpose(1, 2) for part in self._qkv(layer, x, rotary))
        self.prompt_kv.append((key.transpose(-1, -2).contiguous(), value.contiguous()))  # [Q, K, D, L], [Q, K, L, D]
        repeats = self.weights.heads // self.weights.kv_heads
        keys, values = (part.repeat_interleave(repeats, 1) for part in (key, value))
        seen = scaled_dot_product_attention(query, keys, values, is_causal=True)
        x = x + layer.attention_out(seen.transpose(1, 2).flatten(2))
        return x + self._mlp(layer, x)

    def _attend(self, index: int, layer: Layer, x: Tensor, rotary: tuple[Tensor, Tensor]) -> Tensor:
        """Attention of one new token per row over [its prompt ‖ itself], `[R, H · D]`."""
        w, rows = self.weights, len(x)
        repeats, now = w.heads // w.kv_heads, self.step + 1
        query, key, value = self._qkv(layer, x, rotary)
        own_keys, own_values = self.own_kv[index]
        own_keys[:, :, self.step], own_values[:, :, self.step] = key, value
        query = query.unflatten(1, (w.kv_heads, repeats))  # [R, K, r, D]
        prompt_keys, prompt_values = self.prompt_kv[index]
        shared = self._from_grid(self._to_grid(query) @ prompt_keys, repeats)  # [R, K, r, L]
        own = query @ own_keys[:, :, :now].transpose(-1, -2)  # [R, K, r, now]
        scores = torch.cat([shared, own], -1)
        bias = self.bias_RM[:, None, None, : scores.shape[-1]]
        weights = torch.add(bias, scores, alpha=w.head_size**-0.5).softmax(-1)  # summed in float32 inside
        over_prompt, over_own = weights.split([scores.shape[-1] - now, now], -1)
        seen = self._from_grid(self._to_grid(over_prompt) @ prompt_values, repeats) + over_own @ own_values[:, :, :now]
        flat: Tensor = seen.reshape(rows, -1)
        return flat

    def _to_grid(self, x_RKrN: Tensor) -> Tensor:
        """Rows `[R, K, r, N]` to their places by prompt, `[Q, K, W·r, N]`."""
        _, kv_heads, repeats, last = x_RKrN.shape
        grid = x_RKrN
        if not self.is_full:
            grid = x_RKrN.new_zeros(self.prompts * self.width, kv_heads, repeats, last)
            grid[self.place_R] = x_RKrN
        by_prompt: Tensor = grid.unflatten(0, (-1, self.width))
        return by_prompt.transpose(1, 2).flatten(2, 3)

    def _from_grid(self, grid: Tensor, repeats: int) -> Tensor:
        """The way back: `[Q, K, W·r, N]` to `[R, K, r, N]`."""
        by_row: Tensor = grid.unflatten(2, (self.width, repeats)).transpose(1, 2)
        rows = by_row.flatten(0, 1)
        return rows if self.is_full else rows[self.place_R]


def rotated(x: Tensor, cosine: Tensor, signed_sine: Tensor) -> Tensor:
    """Rotary position embedding (arXiv:2104.09864) in the half-split layout: x cos + (−x₂ ‖ x₁) sin.

    `signed_sine` is `half_negated(sine)`.
    """
    return torch.addcmul(x * cosine, x.roll(x.shape[-1] // 2, -1), signed_sine)


def half_negated(sine: Tensor) -> Tensor:
    """The first half with its sign changed: (−x₂ ‖ x₁) sin = (x₂ ‖ x₁) (−sin ‖ sin)."""
    first, second = sine.chunk(2, -1)
    return torch.cat([-first, second], -1)


def rms_norm(weight: Tensor, epsilon: float) -> Norm:
    """x / √(mean(x²) + ε) · weight (arXiv:1910.07467), the mean taken in float32."""

    def norm(x: Tensor) -> Tensor:
        wide = x.to(torch.promote_types(x.dtype, torch.float32))
        return weight * (wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + epsilon)).to(x.dtype)

    return norm
