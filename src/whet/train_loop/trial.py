"""Tries a model that goes through its own forward on a few tokens, before anything else is done with it.

What a family's forward can do is not written in its configuration: whether its cache can be continued with padded
prompts and grouped rows, whether it is causal, whether a gradient reaches its weights. So all three are tried.
"""

from typing import TYPE_CHECKING, Any

from whet.batch import Batch
from whet.errors import UserError
from whet.protocols import Sampler
from whet.rollout.rollouts import Rollouts
from whet.text import first_line
from whet.train_loop.parity import agreement
from whet.types import Problem, Prompt, SamplingParams

if TYPE_CHECKING:
    from whet.policy.language_model import LanguageModel

LENGTHS = (3, 24)
"""Prompt tokens: different, so that one prompt is padded."""

TOKENS = 6
"""Completion tokens at most."""

SMALL = 2**16
"""Elements of a weight whose gradient is tried: norms, biases and adapters, from the first layer to the last."""

SLACK = 3.0
"""How far over the gate for a run the mean of so few tokens may be: experts are chosen otherwise after rounding."""

FIX_LORA = "name other layers in model.lora.targets, such as [q_proj, v_proj], or set model.lora null"
FIX = "name another model; docs/models.md lists the families that train"


def refuse_endless(policy: "LanguageModel") -> None:
    """Raises `UserError` for a model without an end token: each of its responses would be cut at the limit."""
    if not policy.end_tokens():
        what = "neither its tokenizer (eos_token) nor its generation_config.json (eos_token_id) has an end token"
        raise UserError(f"model.name: {what}, so no response would ever end; set one of the two")


def refuse_untrainable(policy: "LanguageModel", sampler: Sampler, trained: bool = True) -> None:
    """Raises `UserError` for a model that cannot be sampled, or whose log-probabilities or gradients are wrong.

    Models of the fast paths are known to pass. Leaves no gradient in the weights and the sampler empty. Gradients do
    not matter where the model is not `trained`, only sampled.
    """
    if policy.fused:
        return
    try:
        reason = _fault(policy, sampler, trained)
    except Exception as error:  # a family's own code may raise anything
        known = isinstance(error, ValueError)
        reason = first_line(error) if known else f"its forward failed ({type(error).__name__}: {first_line(error)})"
    finally:
        sampler.release()
    if reason:
        kind, trait = policy.model.config.model_type, _trait(policy.model)
        if hasattr(policy.model, "peft_config"):
            raise UserError(f"model.lora: {kind} models{trait} with these adapters fail: {reason}; {FIX_LORA}")
        what = "sampled and trained" if trained else "sampled"
        raise UserError(f"model.name: {kind} models{trait} cannot be {what} yet: {reason}; {FIX}")


def _fault(policy: "LanguageModel", sampler: Sampler, trained: bool) -> str:
    """Samples prompts of different lengths, and compares log π of sampler and learner. Returns what is wrong, or ""."""
    sample = Rollouts(sampler, policy.tokenizer, SamplingParams(1.0, max_tokens=TOKENS), 0, "trial")
    found, batch = agreement(policy, sampler, sample, [_prompt(policy.model, length) for length in LENGTHS])
    if not found.mean <= SLACK * found.gate:  # so that NaN is a fault
        return f"what it computes with a cache, prompts padded, is not what it computes at once ({found})"
    return _gradient_fault(policy, batch) if trained and policy.trainable() else ""


def _prompt(model: Any, length: int) -> Prompt:
    """A prompt of `length` tokens spread over the vocabulary, without its first and last ids, often special ones."""
    entries = model.get_input_embeddings().weight.shape[0]
    tokens = tuple((1 + place) * entries // (length + 2) for place in range(length))
    return Prompt(Problem(f"{length} tokens", "", ""), (), tokens)


def _gradient_fault(policy: "LanguageModel", batch: Batch) -> str:
    """Why no gradient reaches the weights; empty where it does. Asks for that of small weights, and fills no `grad`."""
    import torch

    with torch.enable_grad():
        logprobs_BT = policy.logprobs(batch)
    if not logprobs_BT.requires_grad:
        return "no gradient reaches its weights"
    by_size = sorted(policy.trainable(), key=torch.Tensor.numel)
    small = [weight for weight in by_size if weight.numel() <= SMALL] or by_size[:1]
    slopes = torch.autograd.grad(logprobs_BT.sum(), small, allow_unused=True)
    finite = all(bool(slope.isfinite().all()) for slope in slopes if slope is not None)
    return "" if finite else "its gradient is not finite"


def _trait(model: Any) -> str:
    """What is known of the family, in words that follow "models"; empty where nothing is."""
    if getattr(model, "_is_stateful", False):
        return ", which keep states in place of keys and values (linear attention),"
    return ""
