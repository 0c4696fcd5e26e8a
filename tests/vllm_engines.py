"""A vLLM engine over a tiny model, real or by the stand-in, and how far what it tells is from the model."""

from collections.abc import Sequence
from typing import Any

import torch

import tiny
from plainly import token_logprobs
from whet.config import VllmConfig
from whet.policy.language_model import LanguageModel
from whet.rollout.vllm import VllmSampler
from whet.rollout.vllm_start import EngineSize, start_vllm
from whet.types import Completion, Request

ENDS = {2, *range(10, 24)}
"""Any of these ends a turn, so that completions end at many places."""


def policy_of(model: Any) -> LanguageModel:
    model.generation_config.eos_token_id = sorted(ENDS)
    return LanguageModel(model, tiny.tiny_tokenizer())


def sampler_of(model: Any, longest: int, rows: int = 128) -> VllmSampler:
    """A loaded one, for completions of up to `longest` tokens."""
    size = EngineSize.of(model, VllmConfig(rows=rows), longest, 10**9)
    made = VllmSampler(lambda given: start_vllm(given, size, is_compiled=False, is_shared=False))
    made.load(policy_of(model))
    return made


def apart(
    model: Any, requests: Sequence[Request], found: Sequence[Sequence[Completion]], temperature: float = 1.0
) -> float:
    """The largest |Δ log p| between what an engine told and what transformers computes at once, token by token."""
    worst = 0.0
    for request, completions in zip(requests, found, strict=True):
        for one in completions:
            with torch.no_grad():
                own = token_logprobs(model, torch.tensor(request.tokens), torch.tensor(one.tokens), temperature)
            worst = max(worst, float((own - torch.tensor(one.logprobs)).abs().max()))
    return worst
