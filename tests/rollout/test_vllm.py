"""vLLM as an engine, by a stand-in with its calls: its weights, its log-probabilities, its ends and its failures."""

import pytest
import torch

import tiny
from plainly import with_lora
from stand_in_vllm import installed
from vllm_engines import ENDS, apart, policy_of, sampler_of
from whet.errors import ProcessLost, UserError
from whet.policy.language_model import LanguageModel
from whet.rollout.vllm import VllmSampler, why_not
from whet.rollout.vllm_start import EngineSize, start_vllm
from whet.types import Request, SamplingParams

REQUESTS = [Request((5, 9, 33, 60), (11, -1, 2**62)), Request((44,), (5,)), Request((12, 90, 17), (6, 7))]
PARAMS = SamplingParams(max_tokens=8)


@pytest.mark.parametrize("temperature", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("family", ["llama", "mistral"], ids=["tied", "untied"])
def test_it_tells_the_learners_log_probabilities(
    family: str, temperature: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(monkeypatch)
    model = tiny.tiny_model(family)
    found = sampler_of(model, 8).generate(REQUESTS, SamplingParams(temperature, max_tokens=8))
    assert [len(completions) for completions in found] == [3, 1, 2]
    assert apart(model, REQUESTS, found, temperature or 1.0) < 1e-4


def test_every_load_brings_every_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedding alone changes: a tied head has a copy of its own, which must follow."""
    (llm,) = (installed(monkeypatch),)
    model = tiny.tiny_model()
    sampler = sampler_of(model, 8)
    with torch.no_grad():
        model.get_input_embeddings().weight.mul_(1.5)
    sampler.load(policy_of(model))
    assert apart(model, REQUESTS, sampler.generate(REQUESTS, PARAMS)) < 1e-4
    (made,) = llm.made
    assert made.calls == ["reload_weights", "reset_prefix_cache"] * 2, "one engine; no keys and values of old weights"


def test_adapters_come_merged(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch)
    model = with_lora()
    sampler = VllmSampler(lambda given: start_vllm(given, EngineSize(4, 64, 10**6), False, False))
    policy = LanguageModel(model, tiny.tiny_tokenizer())
    sampler.load(policy)
    found = sampler.generate(REQUESTS, PARAMS)
    assert apart(model, REQUESTS, found) < 1e-4
    with model.disable_adapter():
        assert apart(model, REQUESTS, found) > 1e-2, "the adapters make no difference"


def test_equal_keys_draw_equal_completions_whatever_is_beside_them(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch)
    sampler = sampler_of(tiny.tiny_model(), 8)
    together = sampler.generate(REQUESTS, PARAMS)
    alone = [sampler.generate([request], PARAMS)[0] for request in reversed(REQUESTS)]
    assert together == alone[::-1]
    (same,) = sampler.generate([Request((44,), (5, 5, 8))], PARAMS)
    assert same[0] == same[1] != same[2]


def test_a_completion_holds_the_token_that_ended_it(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch)
    (found,) = sampler_of(tiny.tiny_model(), 8).generate([Request((5, 9), tuple(range(30)))], PARAMS)
    assert {one.finish for one in found} == {"stop", "length"}
    for one in found:
        assert (one.tokens[-1] in ENDS) == (one.finish == "stop")
        assert not ENDS.intersection(one.tokens[:-1])
        assert one.finish == "stop" or len(one.tokens) == PARAMS.max_tokens


def test_a_stream_is_the_same_completion_token_by_token(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch)
    sampler = sampler_of(tiny.tiny_model(), 8)
    for key in range(6):
        request = Request((5, 9, 33), (key,))
        tokens = list(sampler.stream(request, PARAMS))
        ((whole,),) = sampler.generate([request], PARAMS)
        assert tuple(token.id for token in tokens) == whole.tokens
        assert tuple(token.logprob for token in tokens) == whole.logprobs
        assert [token.finish for token in tokens] == [None] * (len(tokens) - 1) + [whole.finish]


def test_who_stops_reading_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    llm = installed(monkeypatch)
    sampler = sampler_of(tiny.tiny_model(), 8)
    stream = sampler.stream(Request((7, 33), (1,)), SamplingParams(max_tokens=50))
    next(stream)
    stream.close()
    engine = llm.made[0].llm_engine
    assert engine.aborted == ["0"]
    engine.fails = KeyboardInterrupt()  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        sampler.generate(REQUESTS, PARAMS)
    engine.fails = None
    assert not engine.has_unfinished_requests()
    assert [len(completions) for completions in sampler.generate(REQUESTS, PARAMS)] == [3, 1, 2]


def test_on_a_gpu_it_sleeps_while_the_learner_works(monkeypatch: pytest.MonkeyPatch) -> None:
    llm = installed(monkeypatch, sleeps=True)
    model = tiny.tiny_model()
    sampler = sampler_of(model, 8)
    sampler.release()
    sampler.release()
    with pytest.raises(RuntimeError, match="between load and release"):
        sampler.generate(REQUESTS, PARAMS)
    sampler.load(policy_of(model))
    assert apart(model, REQUESTS, sampler.generate(REQUESTS, PARAMS)) < 1e-4
    loads = ["reload_weights", "reset_prefix_cache"]
    assert llm.made[0].calls == [*loads, "sleep", "wake_up weights", loads[0], "wake_up kv_cache", loads[1]]


def test_a_model_that_it_does_not_run_is_the_recipes_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    llm = installed(monkeypatch)
    sampler = sampler_of(tiny.tiny_model(), 8)
    llm.made[0].llm_engine.fails = RuntimeError("Unsupported head_dim=8\nat line 3")
    with pytest.raises(UserError) as wrong:
        sampler.generate(REQUESTS, PARAMS)
    what = "vLLM does not run this model (RuntimeError: Unsupported head_dim=8); set rollout.engine to native"
    assert str(wrong.value) == f"rollout.engine: {what}"
    llm.fails = ValueError("no such architecture")
    with pytest.raises(UserError, match=r"vLLM does not run this model \(ValueError: no such architecture\)"):
        sampler_of(tiny.tiny_model(), 8)


def test_an_engine_that_fails_later_ends_a_run_that_can_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    llm = installed(monkeypatch)
    sampler = sampler_of(tiny.tiny_model(), 8)
    sampler.generate(REQUESTS, PARAMS)
    engine = llm.made[0].llm_engine
    engine.fails = RuntimeError("EngineCore died")
    with pytest.raises(ProcessLost, match=r"vLLM failed \(RuntimeError: EngineCore died\): resume the run"):
        sampler.generate(REQUESTS, PARAMS)
    engine.fails = torch.OutOfMemoryError("CUDA out of memory")
    with pytest.raises(UserError, match=r"rollout\.vllm: out of memory .*lower rollout\.vllm\.cache_gb or rows"):
        sampler.generate(REQUESTS, PARAMS)
    engine.fails, engine.reason = None, "abort"
    with pytest.raises(ProcessLost, match=r"vLLM ended a completion by itself \(abort\)"):
        sampler.generate(REQUESTS, PARAMS)


def test_a_request_without_room_is_refused_with_the_number(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch)
    sampler = sampler_of(tiny.tiny_model(), 8)  # of 512 tokens of context
    long = Request(tuple([7] * 510), (1,))
    with pytest.raises(UserError, match=r"rollout\.vllm\.context: is 512, but a prompt has 510 .* to 518 or more"):
        sampler.generate([long], PARAMS)
    assert len(sampler.generate([long], SamplingParams(max_tokens=2))[0]) == 1


def test_nothing_asked_is_nothing_found(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch)
    sampler = sampler_of(tiny.tiny_model(), 8)
    assert sampler.generate([], PARAMS) == []
    assert sampler.generate([Request((5,), ())], PARAMS) == [[]]


def test_settings_that_it_does_not_have_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch)
    sampler = sampler_of(tiny.tiny_model(), 8)
    with pytest.raises(UserError, match=r"top_p: is 0\.9, but vLLM tells log-probabilities within the nucleus only"):
        sampler.generate(REQUESTS, SamplingParams(top_p=0.9))
    with pytest.raises(
        UserError, match=r"temperature: is 0\.001, but vLLM samples at no temperature between 0 and 0.01"
    ):
        sampler.generate(REQUESTS, SamplingParams(0.001))
    assert [why_not(SamplingParams(temperature)) for temperature in (0.0, 0.01, 2.0)] == ["", "", ""]


def test_it_says_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch)
    assert VllmSampler(lambda model: None).describe(None) == "vLLM 0.32.0"
