"""What must hold on a GPU itself; `benchmarks/` measures it there."""

from typing import Any

import pytest
import torch

import tiny
from whet.policy.language_model import LanguageModel
from whet.rollout.burst import Burst
from whet.rollout.call_size import CallLimits
from whet.rollout.engine.decoder import Decoder
from whet.rollout.engine.fuse import fuse
from whet.rollout.engine.graphed_decoder import GraphedDecoder
from whet.rollout.engine.operations import TORCH_ON_GPU
from whet.rollout.engine_choice import ENGINE_OPTIONS, EngineOption
from whet.rollout.native import NativeSampler
from whet.rollout.sampling import draw_by_counter
from whet.types import Completion, Request, SamplingParams

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")

PROMPTS = [[5, 9, 33, 60, 71, 8, 4], [44], [12, 90, 17]]
ENDS = frozenset({2, *range(10, 24)})


def graphed(option: EngineOption, model: Any) -> GraphedDecoder:
    engine = option.make(fuse(model))
    assert isinstance(engine, GraphedDecoder)
    return engine


def drawn(
    option: EngineOption | None, family: str, requests: list[Request], tokens: int, rows: int
) -> list[list[Completion]]:
    """What an option's engine draws on the GPU, or the CPU without one."""
    model = tiny.tiny_model(family)
    sampler = NativeSampler(rows)
    sampler.load(LanguageModel(model if option is None else model.cuda(), tiny.tiny_tokenizer()))
    sampler.end_tokens = ENDS
    if option is not None:
        sampler.engine = graphed(option, model)
    found = sampler.generate(requests, SamplingParams(max_tokens=tokens))
    assert sampler.engine_choice.failed == 0
    return found


def same(on_gpu: list[list[Completion]], on_cpu: list[list[Completion]]) -> None:
    """The same tokens, with the same log-probabilities to rounding."""
    for ours, theirs in zip(on_gpu, on_cpu, strict=True):
        assert [one.tokens for one in ours] == [one.tokens for one in theirs]
        for mine, its in zip(ours, theirs, strict=True):
            assert mine.logprobs == pytest.approx(its.logprobs, abs=1e-3)


@pytest.mark.parametrize("option", ENGINE_OPTIONS["cuda"][:-1], ids=lambda option: option.what)
@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_recorded_bursts_draw_what_the_cpu_draws(option: EngineOption, family: str) -> None:
    """float32: the same keys draw the same tokens."""
    requests = [Request(tuple(prompt), (7 * number, 7 * number + 1)) for number, prompt in enumerate(PROMPTS)]
    same(drawn(option, family, requests, 40, 128), drawn(None, family, requests, 40, 128))


@pytest.mark.parametrize("option", ENGINE_OPTIONS["cuda"][:-1], ids=lambda option: option.what)
@pytest.mark.parametrize("family", ["llama", "gemma3", "qwen3"])
def test_refilled_rows_draw_what_the_cpu_draws_with_rows_joining(option: EngineOption, family: str) -> None:
    """160 rows, in 24 places, of up to 200 tokens, so that some rows have two pages and prompts one or two."""
    requests = [
        Request((*([5 + number] * (1 + 5 * number)), 30), tuple(range(4 * number, 4 * number + 4)))
        for number in range(40)
    ]
    same(drawn(option, family, requests, 200, 24), drawn(None, family, requests, 200, 24))


@pytest.mark.parametrize("option", ENGINE_OPTIONS["cuda"][:-1], ids=lambda option: option.what)
def test_the_host_never_waits_between_two_looks(option: EngineOption) -> None:
    """Nor when rows join: the burst that is under way goes on while their prompts are read."""
    engine = graphed(option, tiny.tiny_model().cuda().bfloat16())
    engine.reserve(CallLimits(8), [7, 1, 3], 2, 40)
    with engine.no_gradient():
        burst = begun(engine, None, engine.start(PROMPTS, 2, 40))
        engine.further(burst, 8)  # records
        engine.keep([0, 1, 5])
        burst = begun(engine, burst, engine.join(PROMPTS[1:2], 2, 40))  # loads what the first join of a process needs
        torch.cuda.set_sync_debug_mode("error")
        try:
            engine.keep([0, 1, 2])
            burst = begun(engine, burst, engine.join(PROMPTS[1:2], 2, 40))
            engine.further(burst, 8)
            burst.fetched(8)
        finally:
            torch.cuda.set_sync_debug_mode("default")


def begun(engine: GraphedDecoder, burst: Burst | None, logits_RV: torch.Tensor) -> Burst:
    """The first tokens of new rows."""
    new = engine.new_burst(len(logits_RV))
    new.begin(torch.arange(len(logits_RV)), SamplingParams(), ENDS)
    new.take(logits_RV)
    return engine.joined(burst, new)


def test_recording_again_and_again_takes_no_more_memory() -> None:
    engine = graphed(ENGINE_OPTIONS["cuda"][1], tiny.tiny_model().cuda().bfloat16())
    held = []
    for _ in range(20):
        engine.forget()
        engine.reserve(CallLimits(16), [3] * 4, 4, 64)
        with engine.no_gradient():
            engine.further(begun(engine, None, engine.start([[1, 2, 3]] * 4, 4, 64)), 8)
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
