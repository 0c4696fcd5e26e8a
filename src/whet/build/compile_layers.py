"""Decides whether the learner's layers are compiled: on a GPU, where the run is long enough to win the time back."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from whet.config import Config
from whet.models.dimensions import Dimensions
from whet.text import Log, first_line
from whet.types import Group, Problem, Prompt, Reward, Rollout

if TYPE_CHECKING:
    from whet.policy.language_model import LanguageModel

COMPILING = 30.0
"""Seconds that compiling a layer takes, forward and backward, and trying it. For fixed lengths it took 16 on a machine
with an H200; that it is for any lengths makes it longer."""

TRIED, PROMPTS = 8192, (5, 8)
"""Tokens on which compiled layers are tried at most, and those of the prompts among them."""

PER_HIDDEN, PER_INNER = 160, 37
"""Numbers that could be copied in the time that a layer's elementwise kernels take less once they are fused, forward
and backward: for each token, per unit of the hidden width (norms, residuals, rotations) and of the MLP's. At
Qwen2.5-0.5B's shape on an H200 12 thousand tokens took 42 ms less; the numbers that are read and written, 60 and 14,
would be moved in 16 ms at a copy's speed.
"""

HOST = 4.2e-3
"""Seconds that the host takes less for a layer of a micro-batch, forward and backward, as it starts half as many
kernels: 226 ms became 125 with 24 layers, beside an H200. What is short of tokens waits for the host, not for the GPU.
"""

CACHE = "TORCHINDUCTOR_CACHE_DIR"


def compile_where_it_pays(policy: "LanguageModel", config: Config, log: Log) -> None:
    """Has the layers of the policy compiled where `model.compile` asks for it, and says so."""
    if policy.device.type != "cuda" or not policy.fused or policy.is_sharded:
        return
    if not WHERE[config.model.compile](policy, config):
        return
    from whet.models.cache import cache_folder
    from whet.policy.compiled_layers import compile_layers, leave_uncompiled

    os.environ.setdefault(CACHE, str(cache_folder() / "compiled"))  # the next run on this machine finds the kernels
    log("the learner's layers are compiled, in half a minute or so (model.compile: never does without)")
    compile_layers(policy.model)
    if fault := _fault(policy, config):
        leave_uncompiled(policy.model)
        log(f"they cannot be compiled here, so they run as they are: {fault}")


def _fault(policy: "LanguageModel", config: Config) -> str:
    """Why the compiled layers do not run, forward or backward, on a micro-batch; empty where they do."""
    import torch

    from whet.batch import collate

    groups = _micro_batch(config)
    try:
        batch = collate(groups, [[0.0] * len(group.rollouts) for group in groups])
        with torch.enable_grad():
            torch.autograd.grad(policy.logprobs(batch).sum(), policy.trainable(), allow_unused=True)
    except Exception as error:  # compilers raise anything
        return f"{type(error).__name__}: {first_line(error)}"
    return ""


def _micro_batch(config: Config) -> Sequence[Group]:
    """Two groups of about as many tokens as a micro-batch has, up to `TRIED`.

    Layers are compiled for any lengths, and fastest at those of which they are compiled. The longest length and the
    counts of rows and tokens differ, as a graph may take two numbers that are equal at first for the same one.
    """
    left = min(config.grpo.micro_batch_tokens or TRIED, TRIED) - sum(PROMPTS)
    length = max(min(config.grpo.sampling.max_tokens, left // 5), 4)  # five rows at least: two and three
    few = max(left // length - 1, 4) // 2
    groups = []
    for prompt, rows in zip(PROMPTS, (few, few + 1), strict=True):
        tokens = [(4,) * (length - row % 3) for row in range(rows)]
        rollouts = tuple(Rollout(some, (0.0,) * len(some), "", "stop") for some in tokens)
        groups.append(Group(Prompt(Problem("", "", ""), (), (4,) * prompt), rollouts, (Reward(0.0),) * rows))
    return groups


def seconds_saved(policy: "LanguageModel", config: Config, bandwidth: float) -> float:
    """Returns the seconds that compiled layers save in the whole run, where memory moves `bandwidth` bytes a second:
    the GPU's or the host's, whichever of them a pass over a step's completions waits for.
    """
    size, grpo = Dimensions.of(policy.model.config), config.grpo
    tokens = grpo.prompts_per_step * grpo.group_size * grpo.sampling.max_tokens / 2  # half of the limit is usual
    numbers = size.layers * (PER_HIDDEN * size.hidden + PER_INNER * size.inner)
    of_device = tokens * numbers * policy.model.dtype.itemsize / bandwidth
    of_host = HOST * size.layers * max(tokens / (grpo.micro_batch_tokens or TRIED), 1.0)
    return float(grpo.steps * grpo.objective.iterations * max(of_device, of_host))


def _pays(policy: "LanguageModel", config: Config) -> bool:
    from whet.compute.machine import measure_machine

    machine = measure_machine(policy.device, policy.model.dtype)
    return seconds_saved(policy, config, machine.bandwidth) > COMPILING


WHERE: Mapping[str, Callable[["LanguageModel", Config], bool]] = {
    "auto": _pays,
    "always": lambda policy, config: True,
    "never": lambda policy, config: False,
}
"""By `model.compile`."""
