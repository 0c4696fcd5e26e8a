"""Low-rank adapters (arXiv:2106.09685): W x becomes W x + (alpha / rank) B A x, and only A and B are trained.

The adapted model is a `peft.PeftModel`. Its base weights are unchanged, so under `model.disable_adapter()` it is the
reference policy, without further memory.
"""

from typing import Any

from whet.config import LoraConfig
from whet.errors import UserError
from whet.models.quiet import quiet
from whet.models.weights import refuse_adapters_that_stay
from whet.text import first_line

MAMBA = frozenset({"falcon_h1", "falcon_mamba", "mamba", "mamba2", "nemotron_h"})
"""Families whose `out_proj` peft refuses to adapt."""


def add_lora(model: Any, config: LoraConfig, seed: int = 0) -> Any:
    """Adds adapters to the target layers of `model` and freezes everything else.

    A is drawn from `seed` alone and B starts at zero, so the model's outputs do not change.

    Raises `UserError` where a target names no linear layer, or an adapter could not be merged at the end.
    """
    import torch

    with quiet():
        from peft import LoraConfig as PeftConfig
        from peft import get_peft_model

    _check_targets(model, config)
    adapter = PeftConfig(
        r=config.rank,
        lora_alpha=config.alpha,
        lora_dropout=0.0,  # sampler and learner must compute the same probabilities
        target_modules=config.targets,
        exclude_modules=_excluded(model, config),
        bias="none",
        task_type="CAUSAL_LM",
    )
    with quiet(), torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        adapted = _adapted(get_peft_model, model, adapter)
    refuse_adapters_that_stay(adapted)
    return adapted


def _adapted(get_peft_model: Any, model: Any, adapter: Any) -> Any:
    try:
        return get_peft_model(model, adapter)
    except ValueError as error:  # a layer that peft cannot adapt
        fix = f"name others in model.lora.targets: this model has {', '.join(linear_names(model))}"
        raise UserError(f"model.lora: {first_line(error)}; {fix}") from error


def _excluded(model: Any, config: LoraConfig) -> list[str] | None:
    """The layers that `all-linear` leaves out: a fused kernel reads their weights past the adapter."""
    return ["out_proj"] if config.targets == "all-linear" and model.config.model_type in MAMBA else None


def linear_names(model: Any) -> list[str]:
    """Returns the sorted names of the linear layers that may have an adapter: all but the output head.

    >>> from torch import nn
    >>> linear_names(nn.ModuleDict({"q_proj": nn.Linear(2, 2), "norm": nn.LayerNorm(2)}))
    ['q_proj']
    """
    return sorted({name.rpartition(".")[2] for name in linear_layers(model)})


def linear_layers(model: Any) -> dict[str, Any]:
    """Returns the linear layers that may have an adapter, by their full names: all but the output head."""
    from torch import nn
    from transformers.pytorch_utils import Conv1D

    head = model.get_output_embeddings() if hasattr(model, "get_output_embeddings") else None
    modules = model.named_modules()
    return {name: module for name, module in modules if isinstance(module, nn.Linear | Conv1D) and module is not head}


def _check_targets(model: Any, config: LoraConfig) -> None:
    if isinstance(config.targets, str):
        return
    names = linear_names(model)
    for target in config.targets:
        if target not in names:
            fix = f"this model has {', '.join(names)}, or say all-linear"
            raise UserError(f"model.lora.targets: no linear layer is named {target!r}; {fix}")
