"""The KV cache by a Triton kernel: each row reads its prompt's entries and its own up to their lengths.

Shapes: `Q` prompts, `L` tokens of room for each, `R` rows, `H` query heads, `K` key-value heads, `D` head size, `C`
tokens of room in the rows' own cache.
"""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import pad

from whet.rollout.engine.attend_kernel import QUERIES, attend_kernel, launch, power_of_two
from whet.rollout.engine.fused_weights import FusedWeights, Layer
from whet.rollout.engine.kv_cache import Room
from whet.rollout.engine.rotation import Angles


class TritonCache:
    """Plays `KvCache` on a GPU with Triton."""

    def __init__(self, weights: FusedWeights, room: Room, angles: Mapping[str, Angles]) -> None:
        self.weights, self.angles, self.own_tokens, self.steps = weights, angles, room.own_tokens, 0
        new, device = weights.embedding.new_zeros, weights.embedding.device
        kv_heads, size, some = weights.kv_heads, weights.head_size, range(2 * len(weights.layers))
        # even places hold keys, odd ones values
        self.of_prompts = [new(room.prompts, kv_heads, room.prompt_tokens, size) for _ in some]
        self.own = [new(room.rows, kv_heads, room.own_tokens, size) for _ in some]
        self.prompt_R = torch.arange(room.prompts, device=device).repeat_interleave(room.rows_per_prompt)
        self.lengths_Q = torch.zeros(room.prompts, dtype=torch.long, device=device)
        self.position_R = torch.zeros(room.rows, dtype=torch.long, device=device)
        self.slot = torch.zeros(1, dtype=torch.long, device=device)

    @property
    def rows(self) -> int:
        return len(self.position_R)

    def begin(self, lengths_Q: Tensor) -> None:
        self.steps = 0
        self.lengths_Q.copy_(lengths_Q)
        self.position_R.copy_(lengths_Q[self.prompt_R])
        self.slot.zero_()

    def put(self, layer: int, first: int, keys: Tensor, values: Tensor) -> None:
        part, length = slice(first, first + len(keys)), keys.shape[1]
        for place, new in ((2 * layer, keys), (2 * layer + 1, values)):
            self.of_prompts[place][part, :, :length] = new.transpose(1, 2)

    def step(self) -> None:
        """Layers share nothing: the kernel reads lengths and angles itself."""

    def attend(self, number: int, layer: Layer, query_key: Tensor, value: Tensor, step: None) -> Tensor:
        w, angles, window = self.weights, self.angles[layer.kind], self.weights.kinds[layer.kind].window
        (prompt_keys, prompt_values), (own_keys, own_values) = (
            some[2 * number : 2 * number + 2] for some in (self.of_prompts, self.own)
        )
        out = query_key.new_empty(len(value), w.heads, w.head_size)
        wide = max(power_of_two(w.head_size), QUERIES)
        how = launch(len(value) * w.kv_heads, wide)
        attend_kernel[len(value), w.kv_heads](
            *(query_key, value, angles.cosine_SD, angles.signed_sine_SD),
            *(prompt_keys, prompt_values, own_keys, own_values, out),
            *(self.prompt_R, self.lengths_Q, self.slot),
            *(w.scale, w.soft_cap or 1.0, query_key.stride(0), value.stride(0)),
            *(prompt_keys.shape[2], own_keys.shape[2]),
            WINDOW=window or 0,
            CAPPED=w.soft_cap is not None,
            KV=w.kv_heads,
            REPEATS=w.repeats,
            SIZE=w.head_size,
            WIDE=wide,
            QUERIES=max(power_of_two(w.repeats), QUERIES),
            BLOCK=how.block,
            STAGES=how.stages,
            num_warps=how.warps,
        )
        return out.flatten(1)

    def advance(self) -> None:
        self.position_R += 1
        self.slot += 1

    def make_room(self, block: int, longest: int) -> None:
        if self.steps == self.own_tokens:
            self._grow(min(block, longest - self.steps))
        self.steps += 1

    def _grow(self, more: int) -> None:
        self.own_tokens += more
        self.own = [pad(each, (0, 0, 0, more)) for each in self.own]

    def keep(self, rows: Tensor) -> None:
        self.prompt_R, self.position_R = self.prompt_R[rows], self.position_R[rows]
        self.own = [each[rows] for each in self.own]
