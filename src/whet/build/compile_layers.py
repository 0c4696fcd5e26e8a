"""Decides whether the learner's layers are compiled: on a GPU, where the run is long enough to win the time back."""

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from whet.config import Config
from whet.models.dimensions import Dimensions
from whet.text import Log

if TYPE_CHECKING:
    from whet.policy.language_model import LanguageModel

COMPILING = 30.0
"""Seconds that compiling a layer takes, forward and backward, for the two or three kinds of shapes that there are."""

PER_HIDDEN, PER_INNER = 60, 14
"""Numbers that the elementwise kernels of a layer read and write less once they are fused, forward and backward: for
each token, per unit of the hidden width (norms, residuals, rotations) and of the MLP's."""

CACHE = "TORCHINDUCTOR_CACHE_DIR"


def compile_where_it_pays(policy: "LanguageModel", config: Config, log: Log) -> None:
    """Has the layers of the policy compiled where `model.compile` asks for it, and says so."""
    if policy.device.type != "cuda" or not policy.packed or not WHERE[config.model.compile](policy, config):
        return
    from whet.models.cache import cache_folder
    from whet.policy.compiled_layers import compile_layers

    os.environ.setdefault(CACHE, str(cache_folder() / "compiled"))  # the next run on this machine finds the kernels
    compile_layers(policy.model)
    log("the learner's layers are compiled: its first steps are slow (model.compile: never does without)")


def seconds_saved(policy: "LanguageModel", config: Config, bandwidth: float) -> float:
    """Returns the seconds that compiled layers save in the whole run, where memory moves `bandwidth` bytes a second."""
    size, grpo = Dimensions.of(policy.model.config), config.grpo
    tokens = grpo.prompts_per_step * grpo.group_size * grpo.sampling.max_tokens / 2  # half of the limit is usual
    numbers = size.layers * (PER_HIDDEN * size.hidden + PER_INNER * size.inner)
    passes = grpo.steps * grpo.objective.iterations
    return passes * tokens * numbers * policy.model.dtype.itemsize / bandwidth


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
