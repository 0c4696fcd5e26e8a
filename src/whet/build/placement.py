"""Places a policy on its device: whole, or in parts that the processes of a run divide among themselves."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from whet.build.memory_plan import GRADIENT, MASTER, MOMENTS
from whet.build.shared import joined, own_share
from whet.config import Config
from whet.errors import UserError
from whet.text import Log

if TYPE_CHECKING:
    import torch

    from whet.policy.language_model import LanguageModel

GB = 1e9


def place(policy: "LanguageModel", config: Config, log: Log) -> None:
    """Moves the policy to the device of this process, divided where `compute.sharding` says so, in all processes alike.

    Raises `UserError` for what cannot be divided, and in all of them what was raised in one.
    """
    from whet.compute.device import pick_device
    from whet.compute.processes import mesh

    device, count, asked = pick_device(), joined().count, config.compute.sharding
    if asked == "full" and count == 1:
        log("compute.sharding: is full, but one process has nobody to divide with; see compute.processes")

    def divides() -> bool:
        return count > 1 and WHERE[asked](policy, device)

    def moves() -> None:
        policy.model.to(device)

    wanted = any(joined().gathered(divides))
    reason = why_not(policy, config) if wanted else ""
    if reason and asked == "full":
        raise UserError(f"compute.sharding: {reason}")
    if reason:
        log(f"compute.sharding: weights and optimizer do not fit on the device, and stay whole: {reason}")
    if reason or not wanted:
        joined().gathered(moves)
        return
    parts = mesh(device)
    joined().gathered(lambda: policy.shard(parts, joined().named_failure))  # each takes its rows of what it has loaded
    state = state_bytes(policy)
    log(
        f"compute.sharding: weights, gradients and optimizer, {state / GB:.2g} GB, are divided among {count} "
        f"processes, {state / count / GB:.2g} GB in each"
    )


def state_bytes(policy: "LanguageModel") -> float:
    """Returns the bytes of weights, masters, moments and gradients, which stay from step to step."""
    weights = list(policy.model.parameters())
    learned = [weight for weight in weights if weight.requires_grad]
    masters = sum(MASTER * weight.numel() for weight in learned if weight.element_size() < MASTER)
    others = sum((MOMENTS + GRADIENT) * weight.numel() for weight in learned)
    return float(sum(weight.nbytes for weight in weights) + masters + others)


def why_not(policy: "LanguageModel", config: Config) -> str:
    """Returns why the weights of a policy cannot be divided, and what to do; empty where they can."""
    from whet.models.supported import why_not_fused

    lora = config.model.lora
    if lora and lora.bits == 4:
        return "weights of 4 bits cannot be divided; set it to none, or model.lora.bits to 16"
    if config.sft.lora and config.sft.when != "never":
        return (
            "a warm start with adapters of its own (sft.lora) needs whole weights; set it to none, or sft.lora to null"
        )
    if reason := why_not_fused(policy.model.config):
        kind = policy.model.config.model_type
        return f"{kind} models sample through their own forward, with whole weights ({reason}); set it to none"
    if name := {"vllm": "vLLM takes", "ray": "Ray's workers take"}.get(config.rollout.engine):
        return f"{name} whole weights; set it to none, or rollout.engine to native"
    if config.rollout.decoding == "transformers":
        return "rollout.decoding transformers samples with whole weights; set one of the two to auto"
    return ""


def _does_not_fit(policy: "LanguageModel", device: "torch.device") -> bool:
    """Whether weights, gradients and optimizer alone do not fit beside what else is on the device."""
    from whet.policy.free_memory import free_bytes

    loaded = 0 if device.type != policy.device.type else sum(weight.nbytes for weight in policy.model.parameters())
    return state_bytes(policy) > own_share(free_bytes)(device) + loaded


WHERE: Mapping[str, Callable[["LanguageModel", "torch.device"], bool]] = {
    "auto": _does_not_fit,
    "full": lambda policy, device: True,
    "none": lambda policy, device: False,
}
"""Whether a process wants the weights divided, by `compute.sharding`."""
