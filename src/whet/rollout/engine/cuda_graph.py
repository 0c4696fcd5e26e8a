"""The fused decoder on a GPU: a step is recorded once and replayed as a whole, so that nothing waits for Python.

A step of a small model is some hundred kernels of microseconds each; launching them one by one takes longer than they
do. A recorded step needs shapes and addresses that do not change: room for whole responses from the start, no row
dropped on the way, and what changes from step to step changed in place.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from whet.rollout.engine.decoder import Decoder
from whet.rollout.engine.fused_weights import FusedWeights

Step = Callable[[], Tensor]
Record = Callable[[Step], Step]
"""From a function that works in place to one that does the same work again, into the same tensor."""

WARM_UPS = 3
"""Steps that are run before one is recorded; each writes one token further."""


class GraphedDecoder(Decoder):
    """Plays the role of Engine as `Decoder` does, with the same numbers."""

    eos_check_interval = 8
    compaction_threshold = 0.0

    def __init__(self, weights: FusedWeights, record: "Record | None" = None) -> None:
        super().__init__(weights)
        self.record = record or record_cuda_graph

    @torch.inference_mode()
    def start(self, prompts: Sequence[Sequence[int]], rows_per_prompt: int, longest_response: int) -> Tensor:
        """Reads the prompts and makes all the room that responses will need."""
        self.block = max(longest_response, WARM_UPS + 1)
        logits_RV = super().start(prompts, rows_per_prompt, self.block)
        self._make_room()
        self.tokens_R = torch.zeros(len(logits_RV), dtype=torch.long, device=logits_RV.device)
        self.replay: Step | None = None
        return logits_RV

    @torch.inference_mode()
    def advance(self, tokens_R: Tensor) -> Tensor:
        """Replays the recorded step for these tokens."""
        self.tokens_R.copy_(tokens_R)
        if self.replay is None:
            self.replay = self._recorded()
        self.step += 1
        return self.replay()

    def _recorded(self) -> Step:
        """Recording runs the step a few times: positions are put back, and what it wrote is written again."""
        positions_R, slot = self.position_R.clone(), self.slot.clone()

        def step() -> Tensor:
            return self._forward(self.tokens_R)

        replay = self.record(step)
        self.position_R.copy_(positions_R)
        self.slot.copy_(slot)
        return replay


def record_cuda_graph(step: Step) -> Step:
    """Warms up on a stream of its own, as CUDA graphs ask for, and captures."""
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
