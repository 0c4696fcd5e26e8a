"""The KV cache in pages by PyTorch's own operations: each row's pages are copied together, then multiplied.

For GPUs without Triton. It reads and writes each row's whole room in every layer.

Shapes: `R` rows, `H` query heads, `K` key-value heads, `r = H / K`, `D` head size, `S` tokens of a row's room.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from whet.models.soft_caps import soft_capped
from whet.rollout.engine.fused_weights import Layer
from whet.rollout.engine.paged_cache import PagedCache
from whet.rollout.engine.paged_room import PAGE
from whet.rollout.engine.rotation import rotated
from whet.rollout.engine.row_table import LENGTH, PAGES, STORED


@dataclass(frozen=True, slots=True)
class GatheredStep:
    """What all layers of a step share."""

    now_R: Tensor
    """The position of each row's token."""
    page_R: Tensor
    """Where it is stored."""
    offset_R: Tensor
    pages_RC: Tensor
    ahead_RS: Tensor
    """By how many tokens `now_R` is ahead of each place of the room; negative where nothing is there."""


class GatheredCache(PagedCache):
    """Plays `PagedCache` on any device."""

    def step(self) -> GatheredStep:
        """Reads the table, of all places."""
        table_RC, room = self.table_RC.long(), self.room
        length_R1, stored_R1 = table_RC[:, LENGTH, None], table_RC[:, STORED, None]
        pages_RC = table_RC[:, PAGES:-1]
        prompt_S, own_S = (
            torch.arange(PAGE * pages, device=table_RC.device) for pages in (room.prompt_pages, room.own_pages)
        )
        now_R1 = length_R1 + stored_R1
        of_prompt_RS = torch.where(prompt_S < length_R1, now_R1 - prompt_S, -1)
        return GatheredStep(
            now_R=now_R1[:, 0],
            page_R=pages_RC.gather(1, room.prompt_pages + stored_R1 // PAGE)[:, 0],
            offset_R=stored_R1[:, 0] % PAGE,
            pages_RC=pages_RC,
            ahead_RS=torch.cat([of_prompt_RS, stored_R1 - own_S], 1),
        )

    def attend(self, number: int, layer: Layer, query_key: Tensor, value: Tensor, step: GatheredStep) -> Tensor:
        """Attends from each row's token to all that are visible, by a softmax over the row's room."""
        w, angles, rows = self.weights, self.angles[layer.kind], len(value)
        now_R, place = step.now_R[:rows], (step.page_R[:rows], slice(None), step.offset_R[:rows])
        turned = rotated(query_key, angles.cosine_SD[now_R, None], angles.signed_sine_SD[now_R, None])
        query, key = turned.split([w.heads, w.kv_heads], 1)
        self.keys[number][place], self.values[number][place] = key, value
        keys, values = (self._gathered(pool, step.pages_RC[:rows]) for pool in (self.keys[number], self.values[number]))
        scores = query.unflatten(1, (w.kv_heads, w.repeats)) @ keys.transpose(-1, -2) * w.scale
        scores = scores if w.soft_cap is None else soft_capped(scores, w.soft_cap)
        window, ahead_RS = w.kinds[layer.kind].window, step.ahead_RS[:rows]
        hidden_RS = ahead_RS < 0 if window is None else (ahead_RS < 0) | (ahead_RS >= window)
        scores = scores.masked_fill(hidden_RS[:, None, None], torch.finfo(scores.dtype).min)
        return (scores.softmax(-1) @ values).flatten(1)

    def _gathered(self, pool: Tensor, pages_RC: Tensor) -> Tensor:
        """The pages of each row `[R, K, S, D]`."""
        return pool[pages_RC].transpose(1, 2).flatten(2, 3)
