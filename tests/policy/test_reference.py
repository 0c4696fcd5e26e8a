"""π_ref stays what it was while π_θ learns."""

from typing import Any

import pytest
import torch

import tiny
from batches import ragged_batch
from plainly import LENGTHS, row_by_row, with_lora
from whet.policy.language_model import LanguageModel
from whet.policy.reference import AdaptersOff, FrozenReference, NoReference


def language_model(model: Any, temperature: float = 1.0) -> LanguageModel:
    return LanguageModel(model, tiny.tiny_tokenizer(), temperature)


def shake(policy: LanguageModel) -> None:
    """What training would do, in one go."""
    with torch.no_grad():
        for weight in policy.trainable():
            weight.add_(0.3 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(1)))


def test_without_a_reference_nothing_is_computed() -> None:
    assert NoReference().logprobs(ragged_batch(*LENGTHS)) is None  # type: ignore[func-returns-value]


@pytest.mark.parametrize("tokens", [1, 20, 10_000])
@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_a_frozen_reference_is_the_policy_as_it_was(family: str, tokens: int) -> None:
    model, batch = tiny.tiny_model(family), ragged_batch(*LENGTHS)
    policy = language_model(model, temperature=0.8)
    expected = row_by_row(model, batch, 0.8).detach()
    reference = FrozenReference(policy, tokens)
    shake(policy)
    logprobs_BT = reference.logprobs(batch)
    torch.testing.assert_close(logprobs_BT, expected, rtol=0, atol=1e-4)
    assert not logprobs_BT.requires_grad
    assert (policy.logprobs(batch) - logprobs_BT).abs().max() > 0.5


def test_a_frozen_reference_never_learns() -> None:
    policy = language_model(tiny.tiny_model())
    reference = FrozenReference(policy, 100)
    assert reference.policy.trainable() == []
    assert len(policy.trainable()) > 0
    mine = {weight.data_ptr() for weight in policy.model.parameters()}
    assert not mine & {weight.data_ptr() for weight in reference.policy.model.parameters()}


@pytest.mark.parametrize("tokens", [1, 20, 10_000])
@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_adapters_off_is_the_base_model(family: str, tokens: int) -> None:
    batch = ragged_batch(*LENGTHS)
    policy = language_model(with_lora(family), temperature=0.8)
    expected = row_by_row(tiny.tiny_model(family), batch, 0.8).detach()
    before = policy.logprobs(batch).detach()
    reference = AdaptersOff(policy, tokens)
    for _ in range(2):
        logprobs_BT = reference.logprobs(batch)
        torch.testing.assert_close(logprobs_BT, expected, rtol=0, atol=1e-4)
        assert not logprobs_BT.requires_grad
        shake(policy)
    assert (before - expected).abs().max() > 0.5


def test_adapters_are_on_again_and_learn_afterwards() -> None:
    batch = ragged_batch(*LENGTHS)
    policy = language_model(with_lora())
    before = policy.logprobs(batch).detach()
    AdaptersOff(policy, 100).logprobs(batch)
    after = policy.logprobs(batch)
    assert torch.equal(after, before)
    after.sum().backward()
    assert all(weight.grad is not None for weight in policy.trainable())


def test_adapters_are_on_again_after_an_exception() -> None:
    policy = language_model(with_lora())
    batch = ragged_batch(*LENGTHS)
    before = policy.logprobs(batch).detach()
    broken = ragged_batch([2], [[2]])
    broken.tokens_BT[0, 0] = 5000  # not in the vocabulary
    with pytest.raises(IndexError):
        AdaptersOff(policy, 100).logprobs(broken)
    assert torch.equal(policy.logprobs(batch), before)
