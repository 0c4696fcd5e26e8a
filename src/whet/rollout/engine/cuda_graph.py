"""The fused decoder with CUDA graphs: a decoding step is captured once and replayed, without Python between kernels.

A step of a small model is some hundred kernels of microseconds each; launching them one by one takes longer than
running them. A captured step needs constant shapes and addresses: a KV cache for whole completions from the start, no
row dropped on the way, and in-place updates of all that changes between steps.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from whet.rollout.engine.decoder import Decoder
from whet.rollout.engine.fused_weights import FusedWeights

Step = Callable[[], Tensor]
Record = Callable[[Step], Step]
"""From a function that works in place to one that replays it into the same output tensor."""

WARM_UPS = 3
"""Steps that are run before the captured one; each writes to the next slot of the cache."""


class GraphedDecoder(Decoder):
    """Plays `Engine` with the same results as `Decoder`, its steps captured as a CUDA graph."""

    eos_check_interval = 8
    compaction_threshold = 0.0

    def __init__(self, weights: FusedWeights, record: "Record | None" = None) -> None:
        super().__init__(weights)
        self.record = record or record_cuda_graph

    @torch.inference_mode()
    def start(self, prompts: Sequence[Sequence[int]], rows_per_prompt: int, longest_response: int) -> Tensor:
        """Prefills the prompts and allocates the whole KV cache; returns the first logits as `Decoder.start`."""
        self.block = max(longest_response, WARM_UPS + 1)
        logits_RV = super().start(prompts, rows_per_prompt, self.block)
        self._grow_cache()
        self.tokens_R = torch.zeros(len(logits_RV), dtype=torch.long, device=logits_RV.device)
        self.replay: Step | None = None
        return logits_RV

    @torch.inference_mode()
    def advance(self, tokens_R: Tensor) -> Tensor:
        """Appends one token to every row by replaying the captured step; returns the next logits, `[R, V]`."""
        self.tokens_R.copy_(tokens_R)
        if self.replay is None:
            self.replay = self._recorded()
        self.step += 1
        return self.replay()

    def _recorded(self) -> Step:
        """Captures a step. That runs it a few times, so positions are reset and the cache entries overwritten later."""
        positions_R, slot = self.position_R.clone(), self.slot.clone()

        def step() -> Tensor:
            return self._forward(self.tokens_R)

        replay = self.record(step)
        self.position_R.copy_(positions_R)
        self.slot.copy_(slot)
        return replay


def record_cuda_graph(step: Step) -> Step:
    """Captures `step` as a CUDA graph, after warm-up runs on a side stream, as CUDA requires."""
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(WARM_UPS):
            step()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        logits_RV = step()

    def replay() -> Tensor:
        graph.replay()
        return logits_RV

    return replay
