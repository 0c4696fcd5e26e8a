"""Whether what a GPU computes is right: the sampler and the learner against the CPU and against each other."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor

from benchmarks.gpu_stage import TINY, Stage, batch_of
from benchmarks.work import Work
from whet.batch import Batch

FAMILIES = {
    "llama": ("LlamaConfig", "LlamaForCausalLM"),
    "qwen2": ("Qwen2Config", "Qwen2ForCausalLM"),
    "qwen3": ("Qwen3Config", "Qwen3ForCausalLM"),
    "gemma3": ("Gemma3TextConfig", "Gemma3ForCausalLM"),
}

HEAD = 32
"""A head size that flash attention has kernels for."""


def correct(stage: Stage) -> None:
    """Tokens and log-probabilities of the sampler, gradients of the learner, of four families."""
    for family in FAMILIES:
        sampler(stage, family)
        learner(stage, family)
    repeats(stage)
    waits(stage)


def tiny(family: str, dtype: torch.dtype, device: torch.device) -> Any:
    """A random model of a family on the device."""
    import transformers

    config, model = FAMILIES[family]
    settings = {**TINY, "head_dim": HEAD, "sliding_window": 16}
    torch.manual_seed(0)
    made = getattr(transformers, model)(getattr(transformers, config)(**settings))
    return made.to(dtype).to(device).eval()


class Policy:
    """What a sampler and a learner ask of a policy, without a tokenizer: no token ends a response."""

    def __init__(self, model: Any) -> None:
        from whet.policy.language_model import LanguageModel

        self.inner = LanguageModel(model, None)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def end_tokens(self) -> frozenset[int]:
        return frozenset()


def sampler(stage: Stage, family: str) -> None:
    """In float32 a GPU draws the CPU's tokens; in the dtype of the card, the learner agrees with what it drew."""
    from whet.rollout.native import NativeSampler
    from whet.types import Request, SamplingParams

    model = tiny(family, torch.float32, stage.device)
    requests = [Request(tuple(range(5, 5 + length)), tuple(range(1, 5))) for length in (7, 1, 3)]
    found = []
    for one in (model, deepcopy(model).cpu()):
        engine = NativeSampler()
        engine.load(Policy(one))
        found.append(engine.generate(requests, SamplingParams(1.0, max_tokens=40)))
        engine.release()
    pairs = [pair for some in zip(*found, strict=True) for pair in zip(*some, strict=True)]
    same = sum(a.tokens == b.tokens for a, b in pairs)
    worst = max(abs(x - y) for a, b in pairs for x, y in zip(a.logprobs, b.logprobs, strict=True))
    stage.say(f"{family}: completions as on the CPU, float32", f"{same} of {len(pairs)}", f"{len(pairs)} of 12")
    stage.say(f"{family}: largest difference of a log-probability", f"{worst:.1e}", "below 1e-4")


def learner(stage: Stage, family: str) -> None:
    """Gradients: of the GPU against the CPU in float32, and by flash attention against the grid in bfloat16."""
    from whet.policy.attention import attention_name, wanted_by
    from whet.policy.forward import shared_prefix

    batch = batch_of(Work(3, 4, 30, 60))
    model = tiny(family, torch.float32, stage.device)
    there, here = (gradient(one, batch, shared_prefix) for one in (model, deepcopy(model).cpu()))
    stage.say(f"{family}: gradient GPU against CPU, float32", relative(there, here), "below 1e-4")
    half = tiny(family, torch.bfloat16, stage.device)
    row = attention_name(wanted_by(half))
    stage.say(f"{family}: attention in bfloat16", row, "varlen from compute capability 8.0 on")
    by_row = gradient(half, batch, shared_prefix)
    with on_the_grid():
        by_grid = gradient(half, batch, shared_prefix)
    truth = gradient(deepcopy(half).cpu().float(), batch, shared_prefix)
    errors = f"{relative(by_row, truth)} / {relative(by_grid, truth)}"
    stage.say(
        f"{family}: error of the gradient in bfloat16, {row} / grid", errors, "the first not above 1.2 × the second"
    )


def gradient(model: Any, batch: Batch, forward: Callable[..., Tensor]) -> Tensor:
    """Of Σ log π times unequal weights, all weights in one vector, in float64."""
    model.zero_grad()
    logprobs_BT = forward(model, batch, 1.0)
    weights = torch.linspace(-1, 2, logprobs_BT.numel(), device=logprobs_BT.device).view_as(logprobs_BT)
    (logprobs_BT * weights).sum().backward()
    return torch.cat([weight.grad.flatten().cpu().double() for weight in model.parameters()])


def relative(found: Tensor, expected: Tensor) -> str:
    """‖found − expected‖ / ‖expected‖."""
    return f"{float((found - expected).norm() / expected.norm()):.1e}"


@contextmanager
def on_the_grid() -> Iterator[None]:
    """In the block every model attends on the padded grid."""
    from whet.policy import attention

    before, attention.ROWS = attention.ROWS, {}
    try:
        yield
    finally:
        attention.ROWS = before


def repeats(stage: Stage) -> None:
    """With the recipe's `deterministic: true` a gradient is the same to the last bit."""
    from whet.compute.determinism import deterministic
    from whet.policy.forward import shared_prefix

    model = tiny("qwen2", torch.bfloat16, stage.device)
    batch = batch_of(Work(4, 8, 40, 120) if stage.is_real else Work(2, 4, 8, 20))
    with deterministic():
        several = [gradient(model, batch, shared_prefix) for _ in range(4)]
    same = all(torch.equal(several[0], one) for one in several[1:])
    stage.say("four gradients under deterministic kernels are the same bits", same, "True")
    free = [gradient(model, batch, shared_prefix) for _ in range(4)]
    stage.say("and without", all(torch.equal(free[0], one) for one in free[1:]), "False, by a few last digits")


def waits(stage: Stage) -> None:
    """Whether the host waits for the GPU anywhere in a micro-batch: it must not."""
    from whet.compute.optimizer import MasterAdamW
    from whet.config import GrpoConfig, OptimizerConfig
    from whet.grpo.objective import Normaliser
    from whet.grpo.update import score

    policy = Policy(tiny("qwen2", torch.bfloat16, stage.device))
    optimizer = MasterAdamW(policy.trainable(), OptimizerConfig(), 1)
    batch, config = batch_of(Work(2, 4, 20, 30)), GrpoConfig()
    normaliser = Normaliser.of(batch, 30)

    def pass_through() -> None:
        optimizer.accumulate([batch], lambda part: score(policy, normaliser, config, part))

    pass_through()  # what is counted or tried once
    if stage.is_real:
        torch.cuda.set_sync_debug_mode("error")
    try:
        pass_through()
        stage.say("the host waits in a micro-batch", "never", "never")
    except RuntimeError as error:
        stage.say("the host waits in a micro-batch", str(error).splitlines()[0][:160], "never")
    finally:
        if stage.is_real:
            torch.cuda.set_sync_debug_mode("default")
