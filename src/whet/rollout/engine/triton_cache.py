"""The KV cache in pages, by a Triton kernel: each row reads its prompt's pages and its own up to their lengths."""

from torch import Tensor

from whet.rollout.engine.attend_kernel import LAUNCHES, QUERIES, attend_kernel
from whet.rollout.engine.fused_weights import Layer
from whet.rollout.engine.paged_cache import PagedCache
from whet.rollout.engine.paged_room import PAGE
from whet.rollout.engine.power_of_two import power_of_two
from whet.rollout.engine.row_table import PAGES


class TritonCache(PagedCache):
    """Plays `PagedCache` on a GPU with Triton."""

    def step(self) -> None:
        """Layers share nothing: the kernel reads table and angles itself."""

    def attend(self, number: int, layer: Layer, query_key: Tensor, value: Tensor, step: None) -> Tensor:
        """Attends by one kernel for rotation, storing and attention."""
        w, angles, window = self.weights, self.angles[layer.kind], self.weights.kinds[layer.kind].window
        out = query_key.new_empty(len(value), w.heads, w.head_size)
        wide = max(power_of_two(w.head_size), QUERIES)
        how = LAUNCHES[wide]
        attend_kernel[len(value), w.kv_heads](
            *(query_key, value, angles.cosine_SD, angles.signed_sine_SD),
            *(self.keys[number], self.values[number], out, self.table_RC),
            *(w.scale, w.soft_cap or 1.0, query_key.stride(0), value.stride(0)),
            *(self.table_RC.stride(0), PAGES + self.room.prompt_pages),
            WINDOW=window or 0,
            CAPPED=w.soft_cap is not None,
            KV=w.kv_heads,
            REPEATS=w.repeats,
            SIZE=w.head_size,
            WIDE=wide,
            QUERIES=max(power_of_two(w.repeats), QUERIES),
            PAGE=PAGE,
            BLOCK=how.block,
            STAGES=how.stages,
            num_warps=how.warps,
        )
        return out.flatten(1)
