"""A few tokens decide whether a model that goes through its own forward can be trained."""

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

import tiny
from whet.errors import UserError
from whet.policy.language_model import LanguageModel
from whet.rollout.native import NativeSampler
from whet.train_loop.trial import refuse_endless, refuse_untrainable

SIZE: dict[str, Any] = {"vocab_size": 128, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
COMMON: dict[str, Any] = {**SIZE, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}

TRAIN: dict[str, Any] = {
    "neo": transformers.GPTNeoConfig(
        **SIZE, hidden_size=32, num_layers=2, num_heads=4, attention_types=[[["global", "local"], 1]], window_size=4
    ),
    "bloom": transformers.BloomConfig(**SIZE, hidden_size=32, n_layer=2, n_head=4),
    "opt": transformers.OPTConfig(**COMMON, ffn_dim=64, word_embed_proj_dim=32),
    "olmo": transformers.OlmoConfig(**COMMON, intermediate_size=64),
    "convolutions": transformers.Lfm2Config(
        **COMMON, intermediate_size=64, num_key_value_heads=2, layer_types=["conv", "full_attention"]
    ),
    "linear attention": transformers.Qwen3_5TextConfig(
        **COMMON, intermediate_size=64, num_key_value_heads=2, head_dim=8, linear_num_value_heads=4,
        linear_num_key_heads=2, linear_key_head_dim=8, linear_value_head_dim=8,
        layer_types=["linear_attention", "full_attention"],
    ),
}  # fmt: skip

REFUSED: dict[str, tuple[Any, str]] = {
    "sees both ways": (transformers.BertConfig(**COMMON, intermediate_size=64), "bert models .* no cache"),
    "no cache": (transformers.OpenAIGPTConfig(**SIZE, n_embd=32, n_layer=2, n_head=4), "openai-gpt models .* no cache"),
    "positions do not know padding": (
        transformers.BartConfig(**SIZE, d_model=32, decoder_layers=2, decoder_attention_heads=4, decoder_ffn_dim=64),
        "bart models .* not what it computes at once",
    ),
    "states": (
        transformers.MambaConfig(**SIZE, hidden_size=32, num_hidden_layers=2, state_size=4),
        "mamba models, which keep states .*linear attention",
    ),
}


def policy_of(config: Any) -> LanguageModel:
    """A policy whose outputs depend on the context: as initialised, those of some families hardly do."""
    torch.manual_seed(0)
    model = transformers.AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() == 2 and "conv" not in name:
                weight.copy_(torch.randn_like(weight) * 1.4 / weight.shape[-1] ** 0.5)
    return LanguageModel(model, tiny.tiny_tokenizer())


@pytest.mark.parametrize("family", TRAIN)
def test_families_that_train_pass_and_are_left_as_they_were(family: str) -> None:
    policy, sampler = policy_of(TRAIN[family]), NativeSampler()
    assert not policy.fused
    before = {name: weight.clone() for name, weight in policy.model.state_dict().items()}
    refuse_untrainable(policy, sampler)
    assert all(torch.equal(weight, before[name]) for name, weight in policy.model.state_dict().items())
    assert all(weight.grad is None for weight in policy.model.parameters())
    assert sampler.engine is None


@pytest.mark.parametrize("why", REFUSED)
def test_others_are_refused_in_a_line_with_the_fix(why: str) -> None:
    config, said = REFUSED[why]
    with pytest.raises(UserError, match=f"^model.name: {said}.*name another model") as caught:
        refuse_untrainable(policy_of(config), NativeSampler())
    assert "\n" not in str(caught.value)


def test_a_forward_without_a_gradient_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = policy_of(TRAIN["bloom"])
    frozen = policy.model.forward
    monkeypatch.setattr(policy.model, "forward", torch.no_grad()(frozen))
    with pytest.raises(UserError, match="no gradient reaches"):
        refuse_untrainable(policy, NativeSampler())


def test_a_model_that_is_only_sampled_needs_no_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = policy_of(TRAIN["bloom"])
    monkeypatch.setattr(policy.model, "forward", torch.no_grad()(policy.model.forward))
    refuse_untrainable(policy, NativeSampler(), trained=False)
    with pytest.raises(UserError, match=r"mamba models.*cannot be sampled yet"):
        refuse_untrainable(policy_of(REFUSED["states"][0]), NativeSampler(), trained=False)


def test_a_forward_that_raises_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = policy_of(TRAIN["bloom"])

    def fails(*_: Any, **__: Any) -> None:
        raise AttributeError("no such part")

    monkeypatch.setattr(policy.model.transformer, "forward", fails)
    with pytest.raises(UserError, match=r"forward failed \(AttributeError: no such part\)"):
        refuse_untrainable(policy, NativeSampler())


def test_a_model_without_an_end_token_is_refused(tiny_folder: Path) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny_folder)
    model = tiny.tiny_model()
    refuse_endless(LanguageModel(model, tokenizer))
    tokenizer.eos_token = tokenizer.chat_template = None
    model.generation_config.eos_token_id = None
    with pytest.raises(UserError, match="no response would ever end"):
        refuse_endless(LanguageModel(model, tokenizer))
