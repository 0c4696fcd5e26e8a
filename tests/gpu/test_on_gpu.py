"""What must hold on a GPU itself; `benchmarks/` measures it there."""

from typing import Any

import pytest
import torch

import tiny
from whet.policy.language_model import LanguageModel
from whet.rollout.engine.decoder import Decoder
from whet.rollout.engine.fuse import fuse
from whet.rollout.engine.graphed_decoder import GraphedDecoder
from whet.rollout.engine.operations import TORCH_ON_GPU
from whet.rollout.ladder import RUNGS, Rung
from whet.rollout.native import NativeSampler
from whet.rollout.sampling import draw_by_counter
from whet.types import Request, SamplingParams

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")

PROMPTS = [[5, 9, 33, 60, 71, 8, 4], [44], [12, 90, 17]]
ENDS = frozenset({2, *range(10, 24)})


def graphed(rung: Rung, model: Any) -> GraphedDecoder:
    engine = rung.make(fuse(model))
    assert isinstance(engine, GraphedDecoder)
    return engine


@pytest.mark.parametrize("rung", RUNGS["cuda"][:-1], ids=lambda rung: rung.what)
@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_recorded_bursts_draw_what_the_cpu_draws(rung: Rung, family: str) -> None:
    """float32: the same keys draw the same tokens, with the same log-probabilities to rounding."""
    requests = [Request(tuple(prompt), (7 * number, 7 * number + 1)) for number, prompt in enumerate(PROMPTS)]
    found = []
    for model in (tiny.tiny_model(family), tiny.tiny_model(family).cuda()):
        sampler = NativeSampler()
        sampler.load(LanguageModel(model, tiny.tiny_tokenizer()))
        if model.device.type == "cuda":
            sampler.engine = graphed(rung, model)
        found.append(sampler.generate(requests, SamplingParams(max_tokens=40)))
    for on_cpu, on_gpu in zip(*found, strict=True):
        assert [one.tokens for one in on_gpu] == [one.tokens for one in on_cpu]
        for mine, its in zip(on_gpu, on_cpu, strict=True):
            assert mine.logprobs == pytest.approx(its.logprobs, abs=1e-3)


@pytest.mark.parametrize("rung", RUNGS["cuda"][:-1], ids=lambda rung: rung.what)
def test_the_host_never_waits_between_two_looks(rung: Rung) -> None:
    engine = graphed(rung, tiny.tiny_model().cuda().bfloat16())
    with engine.no_gradient():
        logits_RV = engine.start(PROMPTS, 2, 40)
        burst = engine.new_burst(6)
        burst.begin(torch.arange(6), SamplingParams(), ENDS)
        burst.take(logits_RV)
        engine.further(burst, 8)  # records
        torch.cuda.set_sync_debug_mode("error")
        try:
            engine.further(burst, 8)
            burst.fetched(8)
        finally:
            torch.cuda.set_sync_debug_mode("default")


def test_recording_again_and_again_takes_no_more_memory() -> None:
    engine = graphed(RUNGS["cuda"][1], tiny.tiny_model().cuda().bfloat16())
    held = []
    for _ in range(20):
        engine.forget()
        with engine.no_gradient():
            logits_RV = engine.start([[1, 2, 3]] * 4, 4, 64)
            burst = engine.new_burst(16)
            burst.begin(torch.arange(16), SamplingParams(), ENDS)
            burst.take(logits_RV)
            engine.further(burst, 8)
        held.append(torch.cuda.memory_reserved())
    assert held[-1] == held[3]


def test_the_draw_is_the_cpus() -> None:
    logits_RV, keys_R = torch.randn(64, 5000), torch.randint(-(2**62), 2**62, (64,))
    for how in (SamplingParams(), SamplingParams(0.7), SamplingParams(0.0), SamplingParams(0.7, 0.9)):
        here, there = (draw_by_counter(logits_RV.to(d), keys_R.to(d), keys_R.to(d), how) for d in ("cpu", "cuda"))
        assert there[0].tolist() == here[0].tolist()
        torch.testing.assert_close(there[1].cpu(), here[1], rtol=1e-5, atol=1e-5)


def test_eager_operations_are_those_of_the_cpu() -> None:
    one, other = (Decoder(fuse(tiny.tiny_model().to(device))) for device in ("cpu", "cuda"))
    other.operations = TORCH_ON_GPU
    torch.testing.assert_close(other.start(PROMPTS, 2, 9).cpu(), one.start(PROMPTS, 2, 9), rtol=1e-3, atol=1e-3)
