"""The learner on a GPU: attention, micro-batches, compiled layers, long completions, the head's products."""

import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch

from benchmarks.gpu_correct import on_the_grid
from benchmarks.gpu_stage import Stage, batch_of
from benchmarks.work import Work
from whet.batch import Batch


def varlen(stage: Stage) -> None:
    """One layer's attention, forward and backward, by flash attention and on the grid."""
    from whet.batch import moved
    from whet.policy.grid import grid_of
    from whet.policy.packing import pack
    from whet.policy.shared_prefix import shared_prefix_attention
    from whet.policy.varlen import sequences_of, varlen_attention

    real = [Work(8, 8, 100, 200), Work(1, 16, 150, 1024), Work(1, 8, 150, 4096)]
    for work, faster in zip(real if stage.is_real else stage.works, ("", "above 3", "above 8"), strict=False):
        batch = batch_of(work)
        packing = pack([len(prompt) for prompt in batch.prompts], batch.group_B, batch.lengths_B)
        grid, sequences = (type(made)(*moved(made, stage.device)) for made in (grid_of(packing), sequences_of(packing)))
        count, dtype = len(packing.positions_N), torch.bfloat16
        inputs = [
            torch.randn(heads, count, 64, device=stage.device, dtype=dtype, requires_grad=True) for heads in (14, 2, 2)
        ]
        upstream = torch.randn(count, 14, 64, device=stage.device, dtype=dtype)

        def both(attend: Any, where: Any, inputs: Any = inputs, upstream: Any = upstream) -> Any:
            return torch.autograd.grad(attend(*inputs, where, None), inputs, upstream)

        name = f"G{work.group} P{work.prompt_tokens} C{work.tokens}"
        ours = stage.ms(partial(both, shared_prefix_attention, grid), 3, 1)
        if not stage.is_real:
            stage.say(f"{name}: ms on the grid (flash attention needs a GPU)", ours)
            continue
        theirs = stage.ms(partial(both, varlen_attention, sequences), 3, 1)
        found, expected = both(varlen_attention, sequences), both(shared_prefix_attention, grid)
        worst = max(float((a - b).float().norm() / b.float().norm()) for a, b in zip(found, expected, strict=True))
        stage.say(f"{name}: relative difference of the gradients", f"{worst:.1e}", "below 2e-2")
        stage.say(f"{name}: ms by flash attention / on the grid", f"{theirs} / {ours}")
        stage.say(f"{name}: times as fast", round(ours / theirs, 1), faster)
        stage.clear()


class Learner:
    """The model of the stage with its optimizer; a gradient of some work, in micro-batches."""

    def __init__(self, stage: Stage) -> None:
        from whet.compute.optimizer import MasterAdamW
        from whet.config import GrpoConfig, OptimizerConfig

        self.policy, self.config = stage.policy(), GrpoConfig()
        self.optimizer = MasterAdamW(self.policy.trainable(), OptimizerConfig(), 100)

    def gradient(self, batch: Batch, tokens: int) -> None:
        """Adds up the gradient of a batch in parts of at most `tokens` tokens, and drops it."""
        self.add(batch, tokens)
        self.optimizer.zero_grad()

    def add(self, batch: Batch, tokens: int) -> None:
        """Adds up the gradient."""
        from whet.grpo.objective import Normaliser
        from whet.grpo.update import score

        normaliser = Normaliser.of(batch, batch.tokens_BT.shape[1])
        self.optimizer.micro_batch_tokens = tokens
        self.optimizer.accumulate([batch], lambda part: score(self.policy, normaliser, self.config, part))


def learn(stage: Stage) -> None:
    """A step's gradient at Qwen2.5-0.5B's shape: by the size of micro-batches, then with compiled layers."""
    from whet.policy.compiled_layers import compile_layers

    learner, work = Learner(stage), stage.works[0]
    batch, everything = batch_of(work), 1 << 20
    for tokens, expected in ((4096, "150 to 180 on an H200"), (everything, "100 to 130 on an H200")):
        learner.gradient(batch, tokens)
        stage.clear()
        taken = stage.ms(partial(learner.gradient, batch, tokens), 3, 1)
        stage.say(f"ms, {work.prompts} × {work.group} × {work.tokens}, micro-batches of {tokens}", taken, expected)
        stage.say(f"peak GiB, micro-batches of {tokens}", stage.peak_gib())
    memory_plan(stage, learner, batch)
    count, spent = stage.kernels("learn", lambda: learner.gradient(batch, everything))
    stage.say("kernels of a gradient, their ms", f"{count}, {spent}", "4,000 and 130 before layers are compiled")
    with on_the_grid():
        stage.say("ms with attention on the grid", stage.ms(lambda: learner.gradient(batch, everything), 3, 1))
    compile_layers(learner.policy.model, "inductor" if stage.is_real else "eager")
    first = stage.ms(lambda: learner.gradient(batch, everything), 1, 0)
    stage.say("s, the first gradient with compiled layers", round(first / 1e3, 1), "10 to 40; 2 with a warm cache")
    compiled = stage.ms(lambda: learner.gradient(batch, everything), 3, 1)
    stage.say("ms with compiled layers", compiled, "80 to 110 on an H200")
    count, spent = stage.kernels("learn_compiled", lambda: learner.gradient(batch, everything))
    stage.say("kernels of a gradient with compiled layers, their ms", f"{count}, {spent}", "80 ms on an H200")
    larger = batch_of(Work(4, 16, 100, 512) if stage.is_real else work)
    tokens = int(larger.lengths_B.sum()) + sum(map(len, larger.prompts))
    stage.say(
        f"ms with compiled layers, {tokens:,} tokens", stage.ms(lambda: learner.gradient(larger, everything), 3, 1)
    )
    count, spent = stage.kernels("learn_compiled_larger", lambda: learner.gradient(larger, everything))
    stage.say(f"kernels of {tokens:,} tokens, their ms", f"{count}, {spent}")
    host(stage, partial(learner.gradient, batch, everything))
    recomputed(stage, learner, batch)
    learner.add(batch, everything)
    gradients = [None if master.grad is None else master.grad.clone() for master in learner.optimizer.masters]

    def step() -> None:
        for master, gradient in zip(learner.optimizer.masters, gradients, strict=True):
            master.grad = gradient
        learner.optimizer.step(0)

    stage.say("ms of the optimizer's step", stage.ms(step), "6 to 9 on an H200")


def host(stage: Stage, work: Callable[[], Any]) -> None:
    """How long the host takes to put everything under way, and how often it waits for the device meanwhile."""
    stage.wait()
    began = time.perf_counter()
    work()
    under_way = 1e3 * (time.perf_counter() - began)
    stage.wait()
    stage.say("ms until all of it is under way", round(under_way, 1), "less than the whole: the device is the slower")
    if not stage.is_real:
        return
    with warnings.catch_warnings(record=True) as waits:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            work()
        finally:
            torch.cuda.set_sync_debug_mode("default")
    where = sorted({f"{Path(one.filename).name}:{one.lineno}" for one in waits if "synchroniz" in str(one.message)})
    stage.say("places at which the host waits for the device", where, "none")


def recomputed(stage: Stage, learner: Learner, batch: Batch) -> None:
    """The same gradient with compiled layers that are computed again in the backward."""
    with patch("whet.policy.recompute.free_bytes", lambda device: 0):
        stage.clear()
        taken = stage.ms(partial(learner.gradient, batch, 1 << 20), 3, 1)
    stage.say("ms with compiled layers, recomputed", taken, "a third more")
    stage.say("peak GiB, recomputed", stage.peak_gib(), "far below the one of kept activations")


def memory_plan(stage: Stage, learner: Learner, batch: Batch) -> None:
    """The plan's estimate beside what one micro-batch of everything took."""
    from whet.build.memory_plan import plan_memory
    from whet.recipe import make_recipe

    source = {
        "model": {"name": str(stage.folder())},
        "data": {"train": {"name": "arithmetic"}},
        "grpo": {"sampling": {"max_tokens": batch.tokens_BT.shape[1]}},
    }
    tokens = sum(len(prompt) for prompt in batch.prompts) + int(batch.lengths_B.sum())
    planned = plan_memory(make_recipe(source), learner.policy, tokens).learner / 2**30
    stage.clear()
    learner.gradient(batch, tokens)
    stage.say("GiB of the learner: planned / measured", f"{planned:.1f} / {stage.peak_gib()}", "within a factor of two")


def long(stage: Stage) -> None:
    """A group of eight long completions: the memory that grows with tokens, and the group in parts."""
    learner = Learner(stage)
    peaks = {}
    for tokens in (2048, 4096, 8192) if stage.is_real else (16, 32):
        batch = batch_of(Work(1, 8, 150 if stage.is_real else 10, tokens))
        learner.gradient(batch, 1 << 20)
        stage.clear()
        taken = stage.ms(partial(learner.gradient, batch, 1 << 20), 1, 0)
        peaks[tokens] = stage.peak_gib()
        stage.say(f"8 completions of {tokens}: ms, peak GiB", f"{taken}, {peaks[tokens]}")
        third = stage.ms(partial(learner.gradient, batch, 3 * tokens), 1, 0)
        stage.say(f"8 completions of {tokens} in parts: ms", third, "little more than at once")
    first, *_, last = peaks.values()
    stage.say("peak of the longest over the shortest", round(last / max(first, 1e-9), 2), "below 4: linear in tokens")


def softmax(stage: Stage) -> None:
    """Log-probabilities and kept probabilities of a chunk of tokens, the product of the logits included."""
    from whet.policy.head_probabilities import BY_TORCH, Scale
    from whet.policy.head_ways import way_of

    tokens, vocabulary, hidden = (4096, 151_936, 896) if stage.is_real else (64, 1000, 32)
    x, w = (torch.randn(n, hidden, device=stage.device, dtype=torch.bfloat16) for n in (tokens, vocabulary))
    w /= hidden**0.5
    targets = torch.randint(0, vocabulary, (tokens,), device=stage.device)
    ways = {"here": way_of(x, None), "by PyTorch": BY_TORCH}
    kept = {name: x.new_empty(tokens, vocabulary) for name in ways}
    found = {name: way.forward(x, w, targets, Scale(1.0), kept[name])[0] for name, way in ways.items()}
    is_other = ways["here"] is not BY_TORCH
    stage.say("the head's softmax is in place", is_other, "True with Triton")
    apart = [float((one["here"].float() - one["by PyTorch"].float()).abs().max()) for one in (found, kept)]
    stage.say("in place against PyTorch: log-probability, probability", apart, "below 1e-4, 1e-2")
    for name, way in ways.items():
        taken = stage.ms(partial(way.forward, x, w, targets, Scale(1.0), kept[name]))
        stage.say(f"ms of {tokens} tokens, {name}", taken, "2.3 in place, 6 by PyTorch on an H200")


def head(stage: Stage) -> None:
    """The head's softmax in place, beside PyTorch's; its gradient's product summed inside, beside one written down."""
    softmax(stage)
    from whet.policy.wide_product import _by_blocks, subtract_product, sums_inside

    tokens, vocabulary, hidden = (4096, 151_936, 896) if stage.is_real else (64, 1000, 32)
    x = torch.randn(tokens, vocabulary, device=stage.device, dtype=torch.bfloat16)
    y = torch.randn(tokens, hidden, device=stage.device, dtype=torch.bfloat16)
    total = torch.zeros(vocabulary, hidden, device=stage.device)
    stage.say("sums inside the product", sums_inside(total.device, total.dtype, x.dtype), "True on torch 2.8 and later")
    inside = stage.ms(lambda: subtract_product(total, x, y))
    blocks = stage.ms(lambda: _by_blocks(total, x, y))
    stage.say("ms, summed inside / block by block", f"{inside} / {blocks}", "the first at most 0.7 of the second")
    total.zero_()
    subtract_product(total, x, y)
    rows = slice(0, 64)
    expected = -(x[:, rows].double().T @ y.double())
    stage.say(
        "relative error of the sum", f"{float((total[rows] - expected).norm() / expected.norm()):.1e}", "below 1e-5"
    )
