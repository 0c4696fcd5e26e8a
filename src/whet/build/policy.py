"""Builds the policy π_θ from a recipe: model, device, quantization, LoRA adapters."""

from typing import TYPE_CHECKING

from whet.config import Config
from whet.text import Log

if TYPE_CHECKING:
    from whet.policy.language_model import LanguageModel


def build_policy(config: Config, log: Log) -> "LanguageModel":
    """Loads the recipe's model on the best device of this machine, quantized and with LoRA where it says so."""
    from whet.compute.device import pick_device

    policy = load_policy(config, log)
    policy.model.to(pick_device())
    return policy


def load_policy(config: Config, log: Log) -> "LanguageModel":
    """Loads the recipe's model, quantized and with LoRA where it says so; on the CPU unless quantized."""
    from whet.compute.determinism import fix_workspaces
    from whet.compute.device import pick_device, pick_dtype
    from whet.compute.memory import keep_freed_memory
    from whet.compute.precision import exact_products
    from whet.models import load_model
    from whet.models.lora import add_lora
    from whet.models.quantize import quantized, refuse_where_it_cannot_be
    from whet.models.supported import why_not_fused
    from whet.policy.language_model import LanguageModel

    if config.deterministic:
        fix_workspaces()
    exact_products()
    device = pick_device()
    if device.type == "cpu":
        keep_freed_memory()
    lora = config.model.lora
    in_four_bits = lora is not None and lora.bits == 4
    if in_four_bits:
        refuse_where_it_cannot_be(device)
    loaded = load_model(config.model.name, pick_dtype(config.model.dtype, device), log)
    model = quantized(loaded.model, device) if in_four_bits else loaded.model
    if reason := why_not_fused(model.config):
        log(f"the model goes through its own forward, exact but slower: {reason}")
    if lora:
        model = add_lora(model, lora, config.seed)
    temperature = config.grpo.sampling.temperature
    return LanguageModel(model, loaded.tokenizer, temperature, loaded.source, loaded.weights)
