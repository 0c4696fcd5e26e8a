"""Master weights against torch's AdamW and against AdamW by hand."""

import gc
import math
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor

from whet.compute.optimizer import MasterAdamW
from whet.config import OptimizerConfig
from whet.errors import UserError

CONFIG = OptimizerConfig(learning_rate=0.01, betas=(0.8, 0.95), weight_decay=0.1, max_grad_norm=1e9)


def two_layers(dtype: torch.dtype = torch.float32) -> torch.nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return torch.nn.Sequential(torch.nn.Linear(5, 7), torch.nn.Tanh(), torch.nn.Linear(7, 3)).to(dtype)


def loss_of(model: torch.nn.Module, step: int) -> torch.Tensor:
    x = torch.randn(4, 5, generator=torch.Generator().manual_seed(step)).to(next(model.parameters()).dtype)
    loss: torch.Tensor = model(x).square().mean() + model(x).mean()
    return loss


def test_in_float32_it_is_torchs_adamw_exactly() -> None:
    ours, theirs = two_layers(), two_layers()
    optimizer = MasterAdamW(ours.parameters(), CONFIG, total_steps=20)
    adamw = torch.optim.AdamW(theirs.parameters(), lr=0.01, betas=(0.8, 0.95), weight_decay=0.1, fused=True)
    for step in range(20):
        optimizer.backward(loss_of(ours, step))
        optimizer.step(step)
        loss_of(theirs, step).backward()  # type: ignore[no-untyped-call]
        adamw.step()
        adamw.zero_grad()
    for mine, its in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(mine, its)


def test_adamw_by_hand() -> None:
    """arXiv:1711.05101, algorithm 2, on one weight; ε = 1e-8."""
    weight = torch.nn.Parameter(torch.tensor([2.0]))
    optimizer = MasterAdamW([weight], CONFIG, total_steps=5)
    theta, mean, square = 2.0, 0.0, 0.0
    for step, gradient in enumerate([0.3, -1.2, 0.05, 4.0, -0.7]):
        optimizer.backward(gradient * weight.sum())
        optimizer.step(step)
        mean, square = 0.8 * mean + 0.2 * gradient, 0.95 * square + 0.05 * gradient**2
        theta -= 0.01 * 0.1 * theta
        unbiased = mean / (1 - 0.8 ** (step + 1)), square / (1 - 0.95 ** (step + 1))
        theta -= 0.01 * unbiased[0] / (math.sqrt(unbiased[1]) + 1e-8)
        assert weight.item() == pytest.approx(theta, rel=1e-6)


def test_the_schedule_sets_the_rate_of_each_step() -> None:
    """Adam's first step moves a weight by the rate itself, whatever the gradient."""
    for step, expected in ((0, 0.025), (3, 0.1), (4, 0.1), (7, 0.05)):
        weight = torch.nn.Parameter(torch.tensor([1.0]))
        config = OptimizerConfig(learning_rate=0.1, warmup_steps=4, schedule="linear")
        optimizer = MasterAdamW([weight], config, total_steps=10)
        optimizer.backward(0.5 * weight.sum())
        said = optimizer.step(step)
        assert said["learning_rate"] == pytest.approx(expected)
        assert 1 - weight.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_gradients_of_micro_batches_add_up(dtype: torch.dtype) -> None:
    """In bfloat16 256 + 1 is 256: sixteen small gradients survive only where the sum is kept in float32."""
    weight = torch.nn.Parameter(torch.zeros(2, dtype=dtype))
    optimizer = MasterAdamW([weight], OptimizerConfig(max_grad_norm=1e9), total_steps=1)
    optimizer.backward((weight * torch.tensor([256.0, 0.0], dtype=dtype)).sum())
    for _ in range(16):
        optimizer.backward((weight * torch.tensor([1.0, 0.0], dtype=dtype)).sum())
    assert optimizer.step(0)["grad_norm"] == 272.0


def test_a_step_clears_the_gradient() -> None:
    for dtype in (torch.float32, torch.bfloat16):
        weight = torch.nn.Parameter(torch.zeros(1, dtype=dtype))
        optimizer = MasterAdamW([weight], CONFIG, total_steps=9)
        for _ in range(2):
            optimizer.backward(3 * weight.sum())
            assert optimizer.step(0)["grad_norm"] == 3.0
            assert weight.grad is None


def test_bfloat16_layers_gather_steps_too_small_for_them() -> None:
    """Between 1 and 2 bfloat16 knows steps of 1/128; 300 steps of 1e-4 make 0.03, where each alone is lost."""
    weight = torch.nn.Parameter(torch.ones(1, dtype=torch.bfloat16))
    optimizer = MasterAdamW([weight], OptimizerConfig(learning_rate=1e-4), total_steps=300)
    begin = optimizer.masters[0].item()
    optimizer.backward(-weight.sum())
    optimizer.step(0)
    assert optimizer.masters[0].item() - begin == pytest.approx(1e-4, rel=1e-3)
    for step in range(1, 300):
        optimizer.backward(-weight.sum())
        optimizer.step(step)
    assert optimizer.masters[0].dtype == torch.float32
    assert optimizer.masters[0].item() - begin == pytest.approx(0.03, rel=1e-3)
    assert weight.dtype == torch.bfloat16
    assert weight.item() in (1.0234375, 1.03125, 1.0390625)  # 3 to 5 times 1/128: from anywhere around 1, 0.03 further


@pytest.mark.parametrize(
    ("saved", "said"),
    [
        ([(1, 4), (3, 4)], "master.0 is 1×4, not 5×4"),  # `copy_` would repeat it
        ([(5, 4), (3, 4), (2, 4)], "master.2 is 2×4, not none"),
        ([(5, 4)], "master.1 is none, not 3×4"),
    ],
)
def test_the_state_of_other_weights_is_refused(saved: list[tuple[int, int]], said: str) -> None:
    def of(shapes: list[tuple[int, int]]) -> MasterAdamW:
        return MasterAdamW([torch.nn.Parameter(torch.ones(shape)) for shape in shapes], CONFIG, total_steps=5)

    with pytest.raises(ValueError, match=f"^{said}$"):
        of([(5, 4), (3, 4)]).load_state_dict(of(saved).state_dict())


def test_a_step_of_a_millionth_accumulates() -> None:
    weight = torch.nn.Parameter(torch.ones(1, dtype=torch.bfloat16))
    optimizer = MasterAdamW([weight], OptimizerConfig(learning_rate=1e-6), total_steps=100)
    begin = optimizer.masters[0].item()
    for step in range(100):
        optimizer.backward(-weight.sum())
        optimizer.step(step)
    assert optimizer.masters[0].item() - begin == pytest.approx(1e-4, abs=5e-6)


def test_bfloat16_training_follows_float32_training() -> None:
    """With gradients from rounded layers and rounded products, the masters stay close to the float32 weights."""
    narrow, wide = two_layers(torch.bfloat16), two_layers()
    optimizers = [MasterAdamW(model.parameters(), CONFIG, total_steps=20) for model in (narrow, wide)]
    with torch.no_grad():
        for weight, master in zip(wide.parameters(), optimizers[0].masters, strict=True):
            weight.copy_(master)
    start = [weight.detach().clone() for weight in wide.parameters()]
    for step in range(20):
        for model, optimizer in zip((narrow, wide), optimizers, strict=True):
            optimizer.backward(loss_of(model, step))
            optimizer.step(step)
    moved = sum((a - b).square().sum() for a, b in zip(wide.parameters(), start, strict=True))
    apart = sum((a - b).square().sum() for a, b in zip(optimizers[0].masters, wide.parameters(), strict=True))
    assert apart < 0.01 * moved
    for weight, master in zip(narrow.parameters(), optimizers[0].masters, strict=True):
        assert torch.equal(weight, master.bfloat16())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_norm_is_clipped_over_all_weights_together(dtype: torch.dtype) -> None:
    """Gradients 3 and 4 have the norm 5; clipped to 0.5 they are 0.3 and 0.4 in Adam's running mean."""
    weights = [torch.nn.Parameter(torch.zeros(1, dtype=dtype)) for _ in range(2)]
    optimizer = MasterAdamW(weights, OptimizerConfig(max_grad_norm=0.5), total_steps=1)
    optimizer.backward(3 * weights[0].sum() + 4 * weights[1].sum())
    assert optimizer.step(0)["grad_norm"] == 5.0
    means = [optimizer.adam.state[master]["exp_avg"].item() for master in optimizer.masters]
    assert means == pytest.approx([0.1 * 0.3, 0.1 * 0.4], rel=1e-4)


def test_a_small_gradient_is_not_scaled_up() -> None:
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = MasterAdamW([weight], OptimizerConfig(max_grad_norm=1.0), total_steps=1)
    optimizer.backward(0.01 * weight.sum())
    assert optimizer.step(0)["grad_norm"] == pytest.approx(0.01)
    assert optimizer.adam.state[weight]["exp_avg"].item() == pytest.approx(0.001, rel=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_without_a_gradient_nothing_moves_and_nothing_is_forgotten(dtype: torch.dtype) -> None:
    weight = torch.nn.Parameter(torch.ones(1, dtype=dtype))
    optimizer = MasterAdamW([weight], CONFIG, total_steps=10)
    optimizer.backward(weight.sum())
    optimizer.step(0)
    master = optimizer.masters[0]
    before = (weight.item(), master.item(), {k: v.clone() for k, v in optimizer.adam.state[master].items()})
    assert optimizer.step(1) == {"grad_norm": 0.0, "learning_rate": 0.01}
    assert (weight.item(), master.item()) == before[:2]
    assert all(torch.equal(value, before[2][name]) for name, value in optimizer.adam.state[master].items())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_gradient_that_is_no_number_moves_nothing(dtype: torch.dtype, value: float) -> None:
    """The next good one finds everything as the last good one left it."""
    spoilt, clean = ([torch.nn.Parameter(torch.ones(3, dtype=dtype)) for _ in range(2)] for _ in range(2))
    found = []
    for weights, bad in ((spoilt, True), (clean, False)):
        optimizer = MasterAdamW(weights, CONFIG, total_steps=10)
        optimizer.backward(weights[0].sum())
        optimizer.step(0)
        if bad:
            optimizer.backward((weights[0] * 2).sum() + weights[1].sum() * value)
            assert not math.isfinite(optimizer.step(1)["grad_norm"])
        optimizer.backward((weights[0] * 3).sum())
        optimizer.step(2)
        found.append(
            [weight.tolist() for weight in weights] + [value.tolist() for value in optimizer.state_dict().values()]
        )
    assert found[0] == found[1]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_what_is_forgotten_does_not_count(dtype: torch.dtype) -> None:
    weight = torch.nn.Parameter(torch.ones(1, dtype=dtype))
    optimizer = MasterAdamW([weight], CONFIG, total_steps=10)
    optimizer.backward((100 * weight).sum())
    (50 * weight).sum().backward()  # an attempt that broke off
    optimizer.zero_grad()
    optimizer.backward((0.5 * weight).sum())
    assert optimizer.step(0)["grad_norm"] == pytest.approx(0.5)


def test_a_weight_without_a_gradient_stays_beside_one_that_moves() -> None:
    used, unused = (torch.nn.Parameter(torch.ones(1)) for _ in range(2))
    optimizer = MasterAdamW([used, unused], CONFIG, total_steps=1)
    optimizer.backward(used.sum())
    optimizer.step(0)
    assert used.item() < 1.0
    assert unused.item() == 1.0


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_restored_optimizer_goes_on_as_if_nothing_had_happened(dtype: torch.dtype) -> None:
    """Bit for bit, from copies of its tensors, whatever the weights and running means were in between."""

    def learn(model: torch.nn.Module, optimizer: MasterAdamW, steps: range) -> None:
        for step in steps:
            optimizer.backward(loss_of(model, step))
            optimizer.step(step)

    config = OptimizerConfig(learning_rate=0.01, schedule="cosine", weight_decay=0.1)
    through, stopped = two_layers(dtype), two_layers(dtype)
    optimizers = [MasterAdamW(model.parameters(), config, total_steps=12) for model in (through, stopped)]
    for model, optimizer in zip((through, stopped), optimizers, strict=True):
        learn(model, optimizer, range(7))
    held = {name: tensor.clone() for name, tensor in optimizers[1].state_dict().items()}
    learn(through, optimizers[0], range(7, 12))

    learn(stopped, optimizers[1], range(3))  # lost work
    optimizers[1].load_state_dict(held)
    learn(stopped, optimizers[1], range(7, 12))
    fresh = two_layers(dtype)
    another = MasterAdamW(fresh.parameters(), config, total_steps=12)  # another process
    another.load_state_dict(held)
    learn(fresh, another, range(7, 12))
    for model in (stopped, fresh):
        for mine, its in zip(model.parameters(), through.parameters(), strict=True):
            assert torch.equal(mine, its)
    for name, tensor in optimizers[0].state_dict().items():
        assert torch.equal(another.state_dict()[name], tensor), name


def test_restoring_copies_what_it_is_given() -> None:
    weight = torch.nn.Parameter(torch.ones(1))
    optimizer = MasterAdamW([weight], CONFIG, total_steps=9)
    optimizer.backward(weight.sum())
    optimizer.step(0)
    held = {name: tensor.clone() for name, tensor in optimizer.state_dict().items()}
    before = {name: tensor.clone() for name, tensor in held.items()}
    optimizer.load_state_dict(held)
    optimizer.backward(weight.sum())
    optimizer.step(1)
    assert all(torch.equal(tensor, before[name]) for name, tensor in held.items())


def test_before_the_first_step_there_are_only_masters() -> None:
    weight = torch.nn.Parameter(torch.ones(3, dtype=torch.bfloat16))
    optimizer = MasterAdamW([weight], CONFIG, total_steps=1)
    assert {name: tensor.dtype for name, tensor in optimizer.state_dict().items()} == {"master.0": torch.float32}


@dataclass(frozen=True)
class Numbers:
    """Numbers that are learned from together, each as many tokens as itself."""

    all: tuple[int, ...]

    def micro_batches(self, tokens: int) -> Iterator["Numbers"]:
        pending: list[int] = []
        for number in self.all:
            if pending and sum(pending) + number > tokens:
                yield Numbers(tuple(pending))
                pending = []
            pending.append(number)
        yield Numbers(tuple(pending))

    @property
    def smallest(self) -> int:
        return min(self.all)


def one_weight(micro_batch_tokens: int, dtype: torch.dtype = torch.float32) -> tuple[torch.nn.Parameter, MasterAdamW]:
    weight = torch.nn.Parameter(torch.zeros(1, dtype=dtype))
    return weight, MasterAdamW([weight], CONFIG, 10, micro_batch_tokens)


def losing(weight: torch.nn.Parameter, room: int, seen: list[Any]) -> Callable[[Numbers], tuple[Tensor, int]]:
    """The loss w Σ n, whose gradient is Σ n; more than `room` tokens at a time find no memory."""

    def loss(part: Numbers) -> tuple[Tensor, int]:
        seen.append(part.all)
        if sum(part.all) > room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return (weight * sum(part.all)).sum(), sum(part.all)

    return loss


@pytest.mark.parametrize("micro_batch_tokens", [1, 5, 7, 1000])
def test_the_gradient_of_micro_batches_is_that_of_their_sum(micro_batch_tokens: int) -> None:
    weight, optimizer = one_weight(micro_batch_tokens)
    seen: list[Any] = []
    results = optimizer.accumulate([Numbers((3, 1, 4)), Numbers((1, 5))], losing(weight, 1000, seen))
    assert results == [sum(part) for part in seen], "in order, one for each micro-batch"
    assert [number for part in seen for number in part] == [3, 1, 4, 1, 5]
    assert all(len(part) == 1 or sum(part) <= micro_batch_tokens for part in seen)
    assert optimizer.step(0)["grad_norm"] == 14.0


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_out_of_memory_halves_the_micro_batches_and_the_gradient_is_the_same(dtype: torch.dtype) -> None:
    """The second part of 8 finds no memory: 4 at a time from the start, what was gathered before forgotten."""
    weight, optimizer = one_weight(8, dtype)
    seen: list[Any] = []
    results = optimizer.accumulate([Numbers((1, 2)), Numbers((3, 1, 4))], losing(weight, 4, seen))
    assert seen == [(1, 2), (3, 1, 4), (1, 2), (3, 1), (4,)]
    assert results == [3, 4, 4]
    assert optimizer.step(0)["grad_norm"] == 11.0
    assert optimizer.micro_batch_tokens == 4
    seen.clear()
    optimizer.accumulate([Numbers((3, 1, 4))], losing(weight, 4, seen))
    assert seen == [(3, 1), (4,)], "from here on"


def test_want_of_memory_in_the_backward_pass_is_one_too() -> None:
    weight, optimizer = one_weight(8)
    failures = iter([True])

    class Short(torch.autograd.Function):
        @staticmethod
        def forward(_: Any, x: Tensor) -> Tensor:
            return x.clone()

        @staticmethod
        def backward(_: Any, gradient: Tensor) -> Tensor:
            if next(failures, False):
                raise RuntimeError("CUDA error: out of memory")
            return gradient

    optimizer.accumulate([Numbers((3, 1))], lambda part: ((Short.apply(weight) * sum(part.all)).sum(), None))
    assert optimizer.step(0)["grad_norm"] == 4.0
    assert optimizer.micro_batch_tokens == 4


def test_where_the_smallest_part_finds_no_memory_it_is_an_error_of_the_recipe() -> None:
    weight, optimizer = one_weight(100)
    seen: list[Any] = []
    with pytest.raises(UserError, match=r"grpo\.micro_batch_tokens: out of memory with 3 tokens at a time"):
        optimizer.accumulate([Numbers((5,)), Numbers((3, 9))], losing(weight, 2, seen))
    assert len(seen) == 6, "100, 50, 25, 12, 6 and 3 at a time"


def test_other_errors_are_passed_on_at_once() -> None:
    _, optimizer = one_weight(100)

    def wrong(part: Numbers) -> tuple[Tensor, None]:
        raise RuntimeError("shapes differ")

    with pytest.raises(RuntimeError, match="shapes differ"):
        optimizer.accumulate([Numbers((5,))], wrong)
    assert optimizer.micro_batch_tokens == 100


def test_a_failed_attempt_is_let_go_before_the_next() -> None:
    """What it had computed would be the memory that is wanting."""
    weight, optimizer = one_weight(8)
    held: list[Any] = []

    def loss(part: Numbers) -> tuple[Tensor, None]:
        gc.collect()
        assert all(one() is None for one in held)
        activations = weight * torch.ones(1000)
        held.append(weakref.ref(activations))
        if len(part.all) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return activations.sum(), None

    optimizer.accumulate([Numbers((4, 4))], loss)
    assert len(held) == 3
