"""QLoRA on tiny models: adapters over four bits, and a finished model that is a plain one."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel

import tiny
from batches import ragged_batch
from plainly import LENGTHS, row_by_row
from whet.compute.limit import Shape
from whet.config import LoraConfig, OptimizerConfig
from whet.errors import UserError
from whet.models.lora import add_lora
from whet.models.quantize import quantized, refuse_where_it_cannot_be
from whet.models.quantized import is_packed, weight_of
from whet.models.weights import merged_weights
from whet.policy.language_model import LanguageModel
from whet.policy.reference import AdaptersOff, FollowingReference, FrozenReference
from whet.rollout.engine.decoder import Decoder
from whet.rollout.engine.fuse import fuse
from whet.stages.save_final import save_final

CPU = torch.device("cpu")


def packed(family: str = "llama", **changes: Any) -> Any:
    return quantized(tiny.tiny_model(family, **changes), CPU)


def with_adapters(family: str = "llama", learned: bool = True, **changes: Any) -> Any:
    """A packed model under adapters that have learned something."""
    model = add_lora(packed(family, **changes), LoraConfig(rank=3, alpha=6.0, bits=4))
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if learned and "lora_B" in name:
                weight.copy_(torch.randn(weight.shape, generator=generator) * 0.2)
    return model.eval()


def unpacked(model: Any) -> Any:
    """The same in plain layers, by replacing each packed one: made without any code that merges."""
    for name, module in list(model.named_modules()):
        if is_packed(module):
            plain = nn.Linear(module.in_features, module.out_features, bias=module.bias is not None)
            plain.weight = nn.Parameter(weight_of(module))
            plain.bias = module.bias
            above, _, last = name.rpartition(".")
            setattr(model.get_submodule(above), last, plain)
    return model


@torch.no_grad()
def logits(model: Any) -> Tensor:
    found: Tensor = model(input_ids=torch.arange(40).reshape(2, 20)).logits
    return found


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_every_linear_layer_but_the_head_is_packed(family: str) -> None:
    model = packed(family, tie_word_embeddings=False)
    kinds = {name: is_packed(module) for name, module in model.named_modules() if isinstance(module, nn.Linear)}
    assert kinds.pop("lm_head") is False
    assert list(kinds.values()) == [True] * 14
    assert torch.equal(model.lm_head.weight, tiny.tiny_model(family, tie_word_embeddings=False).lm_head.weight)


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_a_packed_model_is_near_the_one_it_was_made_from(family: str) -> None:
    distance = (logits(packed(family)) - logits(tiny.tiny_model(family))).square().mean().sqrt()
    spread = logits(tiny.tiny_model(family)).std()
    assert 0.01 < float(distance / spread) < 0.8
    torch.testing.assert_close(logits(packed(family)), logits(unpacked(packed(family))))


def test_fresh_adapters_change_nothing_and_alone_are_trained() -> None:
    model = with_adapters(learned=False)
    torch.testing.assert_close(logits(model), logits(packed()))
    learning = {name for name, weight in model.named_parameters() if weight.requires_grad}
    assert len(learning) == 2 * 14
    assert all("lora_" in name for name in learning)
    assert {weight.dtype for weight in model.parameters() if weight.requires_grad} == {torch.float32}


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_merged_weights_equal_the_adapted_model(family: str) -> None:
    model = with_adapters(family)
    expected = logits(model)
    assert (expected - logits(packed(family))).abs().max() > 1e-2
    plain = tiny.tiny_model(family, seed=99)
    state = dict(merged_weights(model))
    assert state.keys() == plain.state_dict().keys()
    plain.load_state_dict(state)
    torch.testing.assert_close(logits(plain), expected, atol=1e-4, rtol=0)


def test_layers_without_an_adapter_are_unpacked_too() -> None:
    model = add_lora(packed(), LoraConfig(rank=2, targets=["q_proj"], bits=4))
    plain = tiny.tiny_model(seed=99)
    plain.load_state_dict(dict(merged_weights(model)))
    torch.testing.assert_close(logits(plain), logits(model), atol=1e-4, rtol=0)


def test_the_finished_model_is_a_plain_one(tmp_path: Path) -> None:
    model = with_adapters(tie_word_embeddings=False)
    save_final(LanguageModel(model, tiny.tiny_tokenizer()), tmp_path / "final")
    assert "quantization" not in (tmp_path / "final" / "config.json").read_text("utf-8")
    again = AutoModelForCausalLM.from_pretrained(tmp_path / "final")
    assert not any(is_packed(module) for module in again.modules())
    torch.testing.assert_close(logits(again), logits(model), atol=1e-4, rtol=0)


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_the_samplers_copy_computes_what_the_model_computes(family: str) -> None:
    model = with_adapters(family)
    decoder = Decoder(fuse(model))
    found = torch.cat([decoder.start([[5, 9, 33, 60]], 1, 2), decoder.advance(torch.tensor([8]))])
    with torch.no_grad():
        expected = model(torch.tensor([[5, 9, 33, 60, 8]]), use_cache=False).logits[0, -2:]
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("again", [False, True])
def test_the_learners_probabilities_and_gradients(again: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the plain model of the same numbers, also where layers are computed again in the backward."""
    batch = ragged_batch(*LENGTHS)
    policy, plain = LanguageModel(with_adapters(), tiny.tiny_tokenizer()), unpacked(with_adapters())
    found = policy.logprobs(batch)
    torch.testing.assert_close(found, row_by_row(plain, batch, 1.0), rtol=1e-4, atol=1e-4)
    row_by_row(plain, batch, 1.0).sum().backward()
    if again:
        monkeypatch.setattr("whet.policy.recompute.free_bytes", lambda device: 0)
    policy.logprobs(batch).sum().backward()
    expected = {name: weight.grad for name, weight in plain.named_parameters() if weight.requires_grad}
    for name, weight in policy.model.named_parameters():
        if weight.requires_grad:
            torch.testing.assert_close(weight.grad, expected[name], rtol=1e-3, atol=1e-4)


def test_a_step_moves_the_adapters_and_nothing_else() -> None:
    from whet.compute.optimizer import MasterAdamW

    batch = ragged_batch(*LENGTHS)
    policy = LanguageModel(with_adapters(), tiny.tiny_tokenizer())
    before = policy.logprobs(batch).sum().item()
    codes = [module.weight.clone() for module in policy.model.modules() if is_packed(module)]
    optimizer = MasterAdamW(policy.trainable(), OptimizerConfig(learning_rate=1e-2), 3)
    for step in range(3):
        optimizer.backward(-policy.logprobs(batch).sum())
        optimizer.step(step)
    assert policy.logprobs(batch).sum().item() > before
    after = [module.weight for module in policy.model.modules() if is_packed(module)]
    assert all(torch.equal(a, b) for a, b in zip(codes, after, strict=True))
    assert all(name.startswith(("master", "exp", "step")) for name in optimizer.state_dict())
    assert sum(name.startswith("master") for name in optimizer.state_dict()) == 2 * 14


@pytest.mark.parametrize("kind", [FrozenReference, FollowingReference, AdaptersOff])
def test_the_reference_stays_while_the_policy_learns(kind: Any) -> None:
    batch = ragged_batch(*LENGTHS)
    policy = LanguageModel(with_adapters(learned=False), tiny.tiny_tokenizer())
    more = {"every": 2, "mix": 1.0} if kind is FollowingReference else {}
    reference = kind(policy, 100, **more)
    before = reference.logprobs(batch)
    torch.testing.assert_close(before, policy.logprobs(batch).detach(), rtol=0, atol=1e-5)
    with torch.no_grad():
        for weight in policy.trainable():
            weight.add_(0.05)
    reference.sync(0)
    torch.testing.assert_close(reference.logprobs(batch), before, rtol=0, atol=1e-5)
    reference.sync(1)
    follows = kind is FollowingReference
    assert torch.allclose(reference.logprobs(batch), policy.logprobs(batch).detach(), atol=1e-4) is follows


def test_the_shape_counts_weights_not_bytes() -> None:
    shape = Shape.of(packed())
    assert replace(shape, trained=1.0) == Shape.of(tiny.tiny_model())


def test_without_the_library_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whet.models.quantize.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"^model\.lora\.bits: 4 needs bitsandbytes; pip install 'whet\[qlora\]'"):
        refuse_where_it_cannot_be(CPU)


def test_on_a_device_that_the_library_does_not_know_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise NotImplementedError("no kernel\nfor this device")

    refuse_where_it_cannot_be(CPU)
    monkeypatch.setattr("bitsandbytes.functional.quantize_4bit", fail)
    with pytest.raises(UserError, match=r"cannot keep weights in 4 bits on cpu \(no kernel\); set it to 16"):
        refuse_where_it_cannot_be(CPU)


def test_a_model_without_linear_layers_is_refused() -> None:
    model = GPT2LMHeadModel(GPT2Config(n_embd=8, n_layer=1, n_head=2, vocab_size=20, n_positions=16))
    with pytest.raises(
        UserError, match=r"^model\.lora\.bits: gpt2 has no linear layers .* set model\.lora\.bits to 16"
    ):
        quantized(model, CPU)
