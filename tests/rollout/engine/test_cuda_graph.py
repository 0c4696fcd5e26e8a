"""The recorded decoder against the plain one, with a recorder that replays on a CPU as a CUDA graph does."""

from typing import Any

import pytest
import torch
from torch import Tensor

import tiny
from whet.rollout.engine.cuda_graph import WARM_UPS, GraphedDecoder, Step, record_cuda_graph
from whet.rollout.engine.decoder import Decoder
from whet.rollout.engine.fuse import fuse

PROMPTS = [[5, 9, 33, 60, 71, 8, 4], [44], [12, 90, 17]]


def recorder(step: Step) -> Step:
    """Runs the step as often as recording does; the result always stands in the same place."""
    for _ in range(WARM_UPS):
        step()
    out = step().clone()

    def replay() -> Tensor:
        return out.copy_(step())

    return replay


def addresses(decoder: Any) -> list[int]:
    """Where everything lies that a recorded step reads or writes."""
    own = [tensor for context in decoder.layer_caches for tensor in (context.own_keys, context.own_values)]
    return [tensor.data_ptr() for tensor in (decoder.tokens_R, decoder.position_R, decoder.slot, *own)]


@pytest.mark.parametrize("family", tiny.FAMILIES)
@pytest.mark.parametrize("longest", [1, 2, 9, 70])
def test_the_same_logits_at_every_position(family: str, longest: int) -> None:
    weights = fuse(tiny.tiny_model(family))
    plain, graphed = Decoder(weights), GraphedDecoder(weights, recorder)
    expected, found = plain.start(PROMPTS, 2, longest), graphed.start(PROMPTS, 2, longest)
    for position in range(longest):
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
        if position + 1 < longest:
            tokens_R = torch.arange(6) * 7 + position + 4
            expected, found = plain.advance(tokens_R % 96), graphed.advance(tokens_R % 96)


def test_nothing_moves_between_steps() -> None:
    """A replayed step works on the addresses that it was recorded with."""
    decoder = GraphedDecoder(fuse(tiny.tiny_model()), recorder)
    decoder.start(PROMPTS, 2, 40)
    tokens_R = torch.full((6,), 9)
    decoder.advance(tokens_R)
    before = addresses(decoder)
    for _ in range(38):
        decoder.advance(tokens_R)
    assert addresses(decoder) == before


def test_a_step_is_recorded_once_for_each_start() -> None:
    recorded: list[Step] = []

    def counting(step: Step) -> Step:
        recorded.append(step)
        return recorder(step)

    decoder = GraphedDecoder(fuse(tiny.tiny_model()), counting)
    for _ in range(2):
        decoder.start(PROMPTS, 1, 5)
        for _ in range(4):
            decoder.advance(torch.tensor([5, 6, 7]))
    assert len(recorded) == 2


def test_rows_are_never_dropped_on_the_way() -> None:
    assert GraphedDecoder.compaction_threshold == 0.0
    assert GraphedDecoder.eos_check_interval > 1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_the_recorded_step_is_the_plain_one() -> None:
    weights = fuse(tiny.tiny_model().cuda())
    plain, graphed = Decoder(weights), GraphedDecoder(weights, record_cuda_graph)
    expected, found = plain.start(PROMPTS, 2, 20), graphed.start(PROMPTS, 2, 20)
    for position in range(19):
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
        tokens_R = (torch.arange(6, device="cuda") * 7 + position + 4) % 96
        expected, found = plain.advance(tokens_R), graphed.advance(tokens_R).clone()
