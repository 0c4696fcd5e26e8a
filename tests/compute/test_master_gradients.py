"""Gradients reach float32 masters one by one, or by the bucket, with the same sums."""

import pytest
import torch

from whet.compute import master_gradients
from whet.compute.master_gradients import MasterGradients


def layers() -> torch.nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return torch.nn.Sequential(*(torch.nn.Linear(8, 8) for _ in range(5))).to(torch.bfloat16)


def loss(model: torch.nn.Module, seed: int) -> torch.Tensor:
    x = torch.randn(3, 8, generator=torch.Generator().manual_seed(seed)).bfloat16()
    value: torch.Tensor = model(x).float().square().sum()
    return value


@pytest.mark.parametrize("bucket", [0, 300, 1 << 20])
def test_sums_are_float32_sums_of_the_gradients(bucket: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(master_gradients, "BUCKETS", {"cpu": bucket})
    model = layers()
    masters = [weight.detach().float() for weight in model.parameters()]
    gradients = MasterGradients(zip(model.parameters(), masters, strict=True))
    expected = [torch.zeros_like(master) for master in masters]
    for seed in range(3):
        found = torch.autograd.grad(loss(model, seed), list(model.parameters()))
        expected = [total + one.float() for total, one in zip(expected, found, strict=True)]
        with gradients.moving():
            loss(model, seed).backward()
    for master, total in zip(masters, expected, strict=True):
        assert master.grad is not None
        torch.testing.assert_close(master.grad, total, rtol=0, atol=0)
    assert all(weight.grad is None for weight in model.parameters())
    assert not any(weight._post_accumulate_grad_hooks for weight in model.parameters())


def test_buckets_are_moved_in_few_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten weights of 128 or 16 bytes, by 300 bytes: two layers are 288, so a bucket is full with the third's weight."""
    monkeypatch.setattr(master_gradients, "BUCKETS", {"cpu": 300})
    calls: list[int] = []
    real = torch._foreach_copy_
    monkeypatch.setattr(torch, "_foreach_copy_", lambda to, of: (calls.append(len(to)), real(to, of))[1])
    model = layers()
    gradients = MasterGradients((weight, weight.detach().float()) for weight in model.parameters())
    with gradients.moving():
        loss(model, 0).backward()
    assert sum(calls) == 10
    assert len(calls) == 2


def test_a_weight_that_is_its_own_master_keeps_its_gradient() -> None:
    weight = torch.nn.Parameter(torch.ones(3))
    with MasterGradients([(weight, weight)]).moving():
        weight.sum().backward()  # type: ignore[no-untyped-call]
    assert weight.grad is not None


def fail(gradient: torch.Tensor) -> torch.Tensor:
    """Has no memory left."""
    raise MemoryError


def test_what_a_failed_backward_left_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(master_gradients, "BUCKETS", {"cpu": 1 << 20})
    model = layers()
    masters = [weight.detach().float() for weight in model.parameters()]
    gradients = MasterGradients(zip(model.parameters(), masters, strict=True))
    last = next(iter(model.parameters()))
    last.register_hook(fail)  # the other nine are waiting in their bucket by then
    with pytest.raises(MemoryError), gradients.moving():
        loss(model, 0).backward()
    assert all(master.grad is None for master in masters)
