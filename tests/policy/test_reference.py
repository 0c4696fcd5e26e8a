"""π_ref stays what it was while π_θ learns."""

from typing import Any

import pytest
import torch

import tiny
from batches import ragged_batch
from plainly import LENGTHS, row_by_row, with_lora
from whet.policy.language_model import LanguageModel
from whet.policy.reference import AdaptersOff, FollowingReference, FrozenReference, NoReference


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


@pytest.mark.parametrize("lora", [False, True])
def test_a_following_reference_takes_over_every_so_many_steps(lora: bool) -> None:
    batch = ragged_batch(*LENGTHS)
    policy = language_model(with_lora() if lora else tiny.tiny_model())
    reference = FollowingReference(policy, 100, every=2, mix=1.0)
    before = reference.logprobs(batch)
    shake(policy)
    reference.sync(0)
    assert torch.equal(reference.logprobs(batch), before)
    reference.sync(1)
    torch.testing.assert_close(reference.logprobs(batch), policy.logprobs(batch).detach())
    shake(policy)
    assert not torch.allclose(reference.logprobs(batch), policy.logprobs(batch))


def test_a_running_mean_by_hand() -> None:
    """A weight of 0 that goes to 1: mix ¼ takes it to ¼, then to 7/16."""
    policy = language_model(tiny.tiny_model())
    weight = policy.model.model.norm.weight
    with torch.no_grad():
        weight.zero_()
    reference = FollowingReference(policy, 100, every=1, mix=0.25)
    with torch.no_grad():
        weight.fill_(1.0)
    for step, expected in enumerate((0.25, 0.4375)):
        reference.sync(step)
        assert reference.policy.model.model.norm.weight.unique().tolist() == [expected]


def test_small_steps_add_up_in_bfloat16() -> None:
    """A thousandth of 1 is less than half of bfloat16's spacing at 1; a hundred of them are not."""
    policy = language_model(tiny.tiny_model(dtype=torch.bfloat16))
    weight = policy.model.model.norm.weight
    with torch.no_grad():
        weight.fill_(1.0)
    reference = FollowingReference(policy, 100, every=1, mix=1e-3)
    with torch.no_grad():
        weight.fill_(2.0)
    for step in range(100):
        reference.sync(step)
    found = reference.policy.model.model.norm.weight.float().unique().item()
    assert found == pytest.approx(2 - 0.999**100, abs=2**-7)


@pytest.mark.parametrize("kind", [FrozenReference, AdaptersOff])
def test_the_others_stay(kind: Any) -> None:
    batch = ragged_batch(*LENGTHS)
    policy = language_model(with_lora())
    reference = kind(policy, 100)
    before = reference.logprobs(batch)
    shake(policy)
    reference.sync(0)
    torch.testing.assert_close(reference.logprobs(batch), before)
    NoReference().sync(0)


@pytest.mark.parametrize("adapted", [False, True])
def test_a_frozen_reference_comes_back(adapted: bool) -> None:
    """From what a checkpoint keeps of it, and the model as it is loaded."""
    fresh = with_lora if adapted else tiny.tiny_model
    policy, batch = language_model(fresh("llama")), ragged_batch(*LENGTHS)
    shake(policy)  # the warm start
    reference = FrozenReference(policy, 100)
    held = {name: weight.clone() for name, weight in reference.state_dict().items()}
    assert len(held) == len(policy.trainable())
    again = FrozenReference(language_model(fresh("llama")), 100)
    assert not torch.equal(again.logprobs(batch), reference.logprobs(batch))
    again.load_state_dict(held)
    assert torch.equal(again.logprobs(batch), reference.logprobs(batch))


def test_a_following_reference_comes_back_and_goes_on_as_it_would_have() -> None:
    batch = ragged_batch(*LENGTHS)
    policy = language_model(tiny.tiny_model(dtype=torch.bfloat16))
    reference = FollowingReference(policy, 100, every=1, mix=0.3)
    shake(policy)
    reference.sync(0)
    held = {name: weight.clone() for name, weight in reference.state_dict().items()}
    again = FollowingReference(language_model(tiny.tiny_model(dtype=torch.bfloat16)), 100, every=1, mix=0.3)
    again.load_state_dict(held)
    again.leader = policy
    for step in range(2):
        assert torch.equal(again.logprobs(batch), reference.logprobs(batch))
        for one in (again, reference):
            one.sync(step)


@pytest.mark.parametrize("none", [NoReference(), AdaptersOff(language_model(with_lora("llama")), 100)])
def test_others_are_made_anew(none: Any) -> None:
    assert none.state_dict() == {}
    none.load_state_dict({})
