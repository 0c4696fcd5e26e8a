"""vLLM itself, on a CPU: its log-probabilities are the learner's, with tied heads and adapters; its draws are fair."""

from collections import Counter

import pytest
import torch

import tiny
from plainly import with_lora
from vllm_engines import ENDS, apart, policy_of, sampler_of
from whet.config import VllmConfig
from whet.errors import UserError
from whet.policy.language_model import LanguageModel
from whet.rollout.vllm import VllmSampler
from whet.rollout.vllm_start import EngineSize, start_vllm
from whet.types import Request, SamplingParams

pytestmark = pytest.mark.vllm

HEADS = {"head_dim": 32, "hidden_size": 64}
"""vLLM's attention on a CPU has no heads of 8 or 16."""
DIVIDED = {"head_dim": 32, "hidden_size": 128}
"""Of Qwen 2 vLLM reads no `head_dim`: it divides the hidden size by the four heads."""
FAMILIES = {"llama": HEADS, "qwen2": DIVIDED, "qwen3": HEADS, "gemma3": HEADS, "mistral": HEADS}

REQUESTS = [Request(tuple(range(5, 75)), tuple(range(6))), Request((44,), (-1, 2**62)), Request((12, 90, 17), (6, 7))]
PARAMS = SamplingParams(max_tokens=12)


@pytest.fixture(autouse=True, scope="module")
def needs_vllm() -> None:
    pytest.importorskip("vllm")


@pytest.mark.parametrize("family", FAMILIES)
def test_it_tells_the_learners_log_probabilities_after_every_load(family: str) -> None:
    """At three temperatures; then the embedding alone changes, of which a tied head must hear; then all changes."""
    model = tiny.tiny_model(family, **FAMILIES[family])
    sampler = sampler_of(model, 12)
    for temperature in (1.0, 0.5, 0.0):
        found = sampler.generate(REQUESTS, SamplingParams(temperature, max_tokens=12))
        assert apart(model, REQUESTS, found, temperature or 1.0) < 1e-4
    with torch.no_grad():
        model.get_input_embeddings().weight.mul_(1.5)
    stale = sampler.generate(REQUESTS, PARAMS)
    assert apart(model, REQUESTS, stale) > 1e-2, "the change is too small to be noticed"
    sampler.load(policy_of(model))
    assert apart(model, REQUESTS, sampler.generate(REQUESTS, PARAMS)) < 1e-4
    other = tiny.tiny_model(family, seed=5, **FAMILIES[family])
    sampler.load(policy_of(other))
    assert apart(other, REQUESTS, sampler.generate(REQUESTS, PARAMS)) < 1e-4


def test_adapters_come_merged() -> None:
    model = with_lora(**HEADS)
    size = EngineSize.of(model, VllmConfig(), 12, 10**9)
    sampler = VllmSampler(lambda given: start_vllm(given, size, is_compiled=False, is_shared=False))
    sampler.load(LanguageModel(model, tiny.tiny_tokenizer()))
    found = sampler.generate(REQUESTS, PARAMS)
    assert apart(model, REQUESTS, found) < 1e-4
    with model.disable_adapter():
        assert apart(model, REQUESTS, found) > 1e-2, "the adapters make no difference"


@pytest.fixture(scope="module")
def sampler() -> VllmSampler:
    return sampler_of(tiny.tiny_model(**HEADS), 12, rows=8)


def test_equal_keys_draw_equal_completions_whatever_is_beside_them(sampler: VllmSampler) -> None:
    """More requests than rows, in another order, alone: the tokens follow from context and key."""
    together = sampler.generate(REQUESTS, PARAMS)
    alone = [sampler.generate([request], PARAMS)[0] for request in reversed(REQUESTS)]
    assert [[one.tokens for one in some] for some in together] == [[one.tokens for one in some] for some in alone[::-1]]
    assert sampler.generate(REQUESTS, PARAMS) == together, "to the last bit where all is the same"
    (same,) = sampler.generate([Request((44,), (5, 5, 8))], PARAMS)
    assert same[0].tokens == same[1].tokens != same[2].tokens


def test_a_completion_holds_the_token_that_ended_it(sampler: VllmSampler) -> None:
    (found,) = sampler.generate([Request((5, 9), tuple(range(40)))], PARAMS)
    assert {one.finish for one in found} == {"stop", "length"}
    for one in found:
        assert (one.tokens[-1] in ENDS) == (one.finish == "stop")
        assert not ENDS.intersection(one.tokens[:-1])
        assert one.finish == "stop" or len(one.tokens) == PARAMS.max_tokens


def test_a_stream_is_the_same_completion_and_can_be_left(sampler: VllmSampler) -> None:
    for key in range(4):
        request = Request((5, 9, 33), (key,))
        tokens = list(sampler.stream(request, PARAMS))
        ((whole,),) = sampler.generate([request], PARAMS)
        assert tuple(token.id for token in tokens) == whole.tokens
        assert [token.finish for token in tokens] == [None] * (len(tokens) - 1) + [whole.finish]
    left = sampler.stream(Request((7, 33), (1,)), SamplingParams(max_tokens=50))
    next(left)
    left.close()
    assert len(sampler.generate(REQUESTS, PARAMS)) == 3


def test_its_draws_are_as_frequent_as_the_model_says(sampler: VllmSampler) -> None:
    """Pearson's χ² of 3,000 first tokens against softmax, tokens expected less than 5 times pooled: below the mean plus
    five deviations (the χ² distribution has mean k and variance 2 k)."""
    model = tiny.tiny_model(**HEADS)
    with torch.no_grad():
        expected_V = model(torch.tensor([[7, 33]])).logits[0, -1].softmax(-1) * 3000
    (found,) = sampler.generate([Request((7, 33), tuple(range(3000)))], SamplingParams(max_tokens=1))
    seen = Counter(one.tokens[0] for one in found)
    often = [token for token in range(len(expected_V)) if expected_V[token] >= 5]
    rest = (sum(seen.values()) - sum(seen[token] for token in often), 3000 - float(expected_V[often].sum()))
    cells = [(seen[token], float(expected_V[token])) for token in often] + [rest]
    chi = sum((count - wanted) ** 2 / max(wanted, 1.0) for count, wanted in cells)
    assert chi < len(cells) + 5 * (2 * len(cells)) ** 0.5


def test_a_model_that_it_does_not_run_is_told_in_one_line() -> None:
    model = tiny.tiny_model()  # heads of 8
    with pytest.raises(
        UserError, match=r"rollout\.engine: vLLM does not run this model \(.*\); set rollout\.engine"
    ) as wrong:
        sampler_of(model, 12).generate(REQUESTS, PARAMS)
    assert "\n" not in str(wrong.value)
