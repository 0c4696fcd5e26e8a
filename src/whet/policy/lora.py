"""Low-rank adapters (arXiv:2106.09685): W x becomes W x + (alpha / rank) B A x, and only A and B are trained.

Adapters are put inside the model's own layers, which keep their place and name: `model.model.layers[0]…` is
reached as before, and a reference policy is the same model with its adapters off.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from whet.config import LoraConfig
from whet.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

BASE = ".base_layer."
"""What peft puts into the name of a weight under an adapter."""


def add_lora(model: Any, config: LoraConfig, seed: int = 0) -> Any:
    """`model` with adapters in its target layers and everything else frozen.

    A is drawn from `seed` alone and B starts at zero, so the model computes what it did before. Raises `UserError` where a target names no linear layer.
    """
    import torch
    from peft import LoraConfig as PeftConfig
    from peft import inject_adapter_in_model

    _check_targets(model, config)
    adapter = PeftConfig(
        r=config.rank,
        lora_alpha=config.alpha,
        lora_dropout=config.dropout,
        target_modules=config.targets,
        bias="none",
        task_type="CAUSAL_LM",
    )
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return inject_adapter_in_model(adapter, model)


def linear_names(model: Any) -> list[str]:
    """How the linear layers that may carry an adapter are called, sorted; the output head is not among them.

    >>> from torch import nn
    >>> linear_names(nn.ModuleDict({"q_proj": nn.Linear(2, 2), "norm": nn.LayerNorm(2)}))
    ['q_proj']
    """
    from torch import nn
    from transformers.pytorch_utils import Conv1D

    head = model.get_output_embeddings() if hasattr(model, "get_output_embeddings") else None
    linear = {name for name, module in model.named_modules() if isinstance(module, nn.Linear | Conv1D)}
    return sorted({name.rpartition(".")[2] for name in linear if model.get_submodule(name) is not head})


def _check_targets(model: Any, config: LoraConfig) -> None:
    if isinstance(config.targets, str):
        return
    names = linear_names(model)
    for target in config.targets:
        if target not in names:
            mend = f"this model has {', '.join(names)}, or say all-linear"
            raise UserError(f"model.lora.targets: no linear layer is named {target!r}; {mend}")


def has_lora(model: Any) -> bool:
    """Whether any layer of `model` carries an adapter."""
    return bool(_adapted(model))


@contextmanager
def without_adapters(model: Any) -> Iterator[None]:
    """The base model while the block lasts: π_ref for a policy that trains adapters."""
    layers = _adapted(model).values()
    for layer in layers:
        layer.enable_adapters(False)
    try:
        yield
    finally:
        for layer in layers:
            layer.enable_adapters(True)


def merged_state(model: Any) -> "dict[str, Tensor]":
    """The weights of the plain model that computes what `model` does with its adapters: W + (alpha / rank) B A.

    Names are those of the model without adapters, so that any loader takes them. Fresh tensors where there is
    an adapter, the model's own elsewhere; `model` stays as it is.
    """
    import torch

    adapted = _adapted(model)
    merged = {}
    for name, tensor in model.state_dict().items():
        if BASE in name:
            merged[name.replace(BASE, ".")] = tensor
        elif ".lora_" not in name:
            merged[name] = tensor
    with torch.no_grad():
        for name, layer in adapted.items():
            for adapter in layer.active_adapters:
                delta = layer.get_delta_weight(adapter)
                merged[f"{name}.weight"] = merged[f"{name}.weight"] + delta.to(layer.weight.dtype)
    return merged


def merge(model: Any) -> Any:
    """`model`, in place, as a plain model, its adapters folded into its weights: ready for `save_pretrained`."""
    for name, layer in _adapted(model).items():
        layer.merge(safe_merge=True)
        parent, _, child = name.rpartition(".")
        setattr(model.get_submodule(parent), child, layer.get_base_layer())
    if hasattr(model, "peft_config"):
        del model.peft_config
    return model.requires_grad_(True)


def adapter_state(model: Any) -> "dict[str, Tensor]":
    """The adapters' weights alone: what a checkpoint of a LoRA run has to keep."""
    return {name: tensor for name, tensor in model.state_dict().items() if ".lora_" in name}


def _adapted(model: Any) -> dict[str, Any]:
    """The layers that carry an adapter, by name."""
    from peft.tuners.lora import LoraLayer

    return {name: module for name, module in model.named_modules() if isinstance(module, LoraLayer)}
