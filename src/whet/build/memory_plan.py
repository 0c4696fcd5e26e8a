"""What the training of a model takes in memory, and the micro-batches that fit beside it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from whet.build.shared import joined, own_share
from whet.config import Config, RayConfig
from whet.config.training import MICRO_BATCH_TOKENS
from whet.policy.activation_room import room
from whet.text import Log

if TYPE_CHECKING:
    from whet.policy.language_model import LanguageModel

GB = 1e9

ENOUGH: Mapping[str, float] = {"cpu": 2.5 * GB, "cuda": 32 * GB}
"""By device type, bytes of activations beyond which a larger micro-batch is no faster: a GPU is busy with 32 thousand
tokens of a 0.5B model, or 8 thousand of a 7B one."""

MOST: Mapping[str, int] = {"cpu": MICRO_BATCH_TOKENS, "cuda": 2**17}
"""By device type, tokens of the largest micro-batch that is chosen by itself: on a GPU, as many as memory allows."""

PROMPT = 256
"""Tokens of the prompts that attention's memory is planned for."""

UNIT, LEAST = 128, 256
"""Micro-batches are sized in multiples of `UNIT` tokens, and to no less than `LEAST`."""

MASTER, MOMENTS, GRADIENT = 4, 8, 4
"""Bytes per trained weight, all float32: `whet.compute.optimizer.MasterAdamW`."""

FOUR_BITS = 0.52
"""Bytes per weight in 4-bit NormalFloat with double quantisation (arXiv:2305.14314)."""


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """Bytes that training takes at its peak, by what they are for."""

    kind: str
    """`full training`, `LoRA` or `QLoRA`."""
    weights: float
    """Of the model, in memory already."""
    optimizer: float
    """Masters and moments."""
    gradients: float
    reference: float
    """π_ref's own weights."""
    sampler: float
    """Its copy of the weights and its KV cache; given back before the learner works."""
    head: float
    """Probabilities over the vocabulary, and the gradient of the head."""
    attention: float
    """Attention weights that are kept for the backward, where that is bounded."""
    per_token: float
    """Activations of one token, with its share of what attention takes."""
    tokens: int
    """Of a micro-batch."""
    held: float = 0.0
    """By a sampler that keeps it while the learner works: vLLM on a CPU, Ray's workers. `sampler` is 0 then."""

    @property
    def state(self) -> float:
        """What stays from step to step."""
        return self.weights + self.optimizer + self.reference + self.held

    @property
    def learner(self) -> float:
        """While the policy is updated."""
        return self.state + self.gradients + self.head + self.attention + self.tokens * self.per_token

    @property
    def peak(self) -> float:
        """The larger of the learner's and the sampler's."""
        return max(self.learner, self.state + self.sampler)

    def divided(self, count: int) -> "MemoryPlan":
        """Returns what each of `count` processes takes that divide weights, gradients and optimizer."""
        shares = {name: getattr(self, name) / count for name in ("weights", "optimizer", "gradients", "reference")}
        return replace(self, **shares)

    def sized(self, free: float, enough: float, most: int = MICRO_BATCH_TOKENS) -> "MemoryPlan":
        """Returns the plan with the largest micro-batches worth having, of `most` tokens at most, that `free` bytes
        hold."""
        besides = replace(self, tokens=0).learner - self.weights
        affordable = min(enough, room(free, besides)) / max(self.per_token, 1.0)
        tokens = max(int(affordable) // UNIT * UNIT, LEAST)
        return replace(self, tokens=min(tokens, most))


def plan_memory(config: Config, policy: "LanguageModel", tokens: int) -> MemoryPlan:
    """Returns what training `policy` by `config` takes with micro-batches of `tokens` tokens."""
    from whet.policy.activations import bytes_per_token

    model, lora = policy.model, config.model.lora
    trained = sum(weight.numel() for weight in policy.trainable())
    element = model.get_input_embeddings().weight.element_size()
    weights = float(sum(weight.nbytes for weight in model.parameters()))
    kept, per_token = _attention(config, policy, element)
    sampler = _sampler(config, policy, weights, element)
    held = _held(config, policy, weights, sampler)
    return MemoryPlan(
        kind="full training" if lora is None else "QLoRA" if lora.bits == 4 else "LoRA",
        weights=weights,
        optimizer=trained * (MOMENTS + (MASTER if element < MASTER else 0)),
        gradients=trained * GRADIENT,
        reference=_reference(config, weights, element),
        sampler=0.0 if held or config.rollout.engine == "ray" else sampler,
        head=_head(policy, tokens, element),
        attention=kept,
        per_token=bytes_per_token(model, policy.fused) + per_token + _adapted(policy) * element,
        tokens=tokens,
        held=held,
    )


def with_micro_batches(config: Config, policy: "LanguageModel", log: Log) -> Config:
    """Returns the recipe with `micro_batch_tokens` filled in where absent, by the memory that is free.

    Logs what the training by GRPO takes, and what to do where it does not fit.
    """
    from whet.policy.free_memory import free_bytes

    asked, device = config.grpo.micro_batch_tokens, policy.device
    count, most = joined().count if policy.is_sharded else 1, MOST[device.type]
    free = float(own_share(free_bytes)(device))
    sized = plan_memory(config, policy, most).divided(count).sized(free, ENOUGH[device.type], most)
    plan = plan_memory(config, policy, asked).divided(count) if asked else sized
    log(memory_line(plan, free + plan.weights, _smaller_kinds(plan, policy)))
    return config.model_copy(
        update={
            name: stage.model_copy(update={"micro_batch_tokens": stage.micro_batch_tokens or sized.tokens})
            for name, stage in (("sft", config.sft), ("grpo", config.grpo))
        }
    )


def memory_line(plan: MemoryPlan, free: float, smaller: Iterable[MemoryPlan]) -> str:
    """Returns the line on what a training takes of `free` bytes; where it does not fit, with what would.

    The model's own weights count as free.
    """
    batch = f"{plan.tokens:,} tokens at a time {_gb(plan.tokens * plan.per_token)}"
    parts = f"weights and optimizer {_gb(plan.state + plan.gradients)}, {batch}"
    takes = f"memory: {plan.kind} takes about {_gb(plan.peak)} GB ({parts}), {_gb(free)} GB are free"
    if plan.peak <= free:
        return takes
    kinds = [f"{one.kind} (model.lora: {SETTINGS[one.kind]}) {_gb(one.peak)}" for one in smaller]
    others = [*kinds, "or lower grpo.group_size, grpo.sampling.max_tokens or grpo.micro_batch_tokens"]
    return f"{takes}: it does not fit, the system may end the run. What takes less: {', '.join(others)}"


SETTINGS = {"LoRA": "{rank: 16}", "QLoRA": "{rank: 16, bits: 4}"}
"""The recipe's value of `model.lora` for a kind of training."""


def _smaller_kinds(plan: MemoryPlan, policy: "LanguageModel") -> list[MemoryPlan]:
    """The plans of LoRA and QLoRA for the same model, where they take less."""
    if plan.kind != "full training":
        return []
    from whet.models.lora import linear_layers

    head = policy.model.get_output_embeddings()
    layers = linear_layers(policy.model).values()
    adapters = 16 * sum(sum(layer.weight.shape) for layer in layers)
    inside = sum(layer.weight.numel() for layer in layers)
    element = head.weight.element_size()
    lora = replace(
        plan,
        kind="LoRA",
        optimizer=adapters * (MOMENTS + MASTER),
        gradients=adapters * GRADIENT,
        reference=0.0,
        head=plan.head - GRADIENT * head.weight.numel(),
    )
    packed = replace(lora, kind="QLoRA", weights=plan.weights - inside * (element - FOUR_BITS))
    return [lora, packed]


def _reference(config: Config, weights: float, element: int) -> float:
    objective = config.grpo.objective
    if not objective.beta or (config.model.lora and not objective.reference_every):
        return 0.0
    return weights * (1 + (MASTER / element if objective.reference_every else 0))


def _sampler(config: Config, policy: "LanguageModel", weights: float, element: int) -> float:
    """The fused copy, in which embedding and head lie apart, and the keys and values of prompts and completions."""
    if config.rollout.engine == "vllm":
        from whet.build.vllm_sampler import engine_size

        return weights + engine_size(config, policy.model).cache_bytes
    if not policy.fused:
        return 0.0
    from whet.compute.limit import Shape
    from whet.rollout.call_size import MOST_ROWS

    shape, grpo = Shape.of(policy.model), config.grpo
    rows = min(MOST_ROWS[policy.device.type], grpo.prompts_per_step * grpo.group_size)
    keys_and_values = shape.cache_bytes * rows * 2 * grpo.sampling.max_tokens
    return float((shape.weights + shape.head) * element + keys_and_values)


def _held(config: Config, policy: "LanguageModel", weights: float, sampler: float) -> float:
    """What engines keep beside the learner: vLLM on a CPU; Ray's workers here, with the weights that they read."""
    if policy.device.type != "cpu":
        return 0.0
    asked = config.rollout.ray or RayConfig()
    workers = weights + asked.workers * sampler if asked.address == "local" else weights
    return {"vllm": sampler, "ray": workers}.get(config.rollout.engine, 0.0)


def _adapted(policy: "LanguageModel") -> int:
    """Elements per token that adapters leave unused in a CPU's heap: peft adds B A x into a new tensor, so each adapted
    layer's output is there twice, and what is kept for the backward lands in the place of the first."""
    if policy.device.type != "cpu":
        return 0
    layers: list[Any] = [module for module in policy.model.modules() if hasattr(module, "lora_B")]
    return sum(adapter.out_features for layer in layers for adapter in layer.lora_B.values())


def _head(policy: "LanguageModel", tokens: int, element: int) -> float:
    """Kept probabilities, those of one chunk several times in float32, and the head's gradient in float32."""
    from whet.models.soft_caps import logit_cap
    from whet.policy.head_chunks import FLOAT, chunk_tensors, head_sizes

    weight: Any = policy.model.get_output_embeddings().weight
    gradient = GRADIENT * weight.numel() if weight.requires_grad else 0
    if not policy.fused:
        return float(tokens * len(weight) * (element + 3 * FLOAT) + gradient)
    sizes = head_sizes(policy.device, len(weight), element)
    chunk = chunk_tensors(logit_cap(policy.model.config)) * sizes.chunk * FLOAT
    return float(len(weight) * (min(sizes.kept, tokens) * element + chunk) + gradient)


def _attention(config: Config, policy: "LanguageModel", element: int) -> tuple[float, float]:
    """Bytes that are kept at most, whatever the micro-batch, and bytes for each token, of groups of full length."""
    if not policy.fused:
        return 0.0, 0.0
    from whet.models.dimensions import Dimensions
    from whet.policy.attention import attention_of
    from whet.policy.attention_memory import MicroBatchLengths
    from whet.policy.shared_prefix import KEPT

    size = Dimensions.of(policy.model.config)
    some = MicroBatchLengths(1, config.grpo.group_size, PROMPT, config.grpo.sampling.max_tokens)
    needed = attention_of(policy.model).needed(size, element, some)
    bound = size.layers * KEPT * element
    return float(min(bound, needed.kept)), (needed.passing + max(needed.kept - bound, 0)) / some.tokens


def _gb(size: float) -> str:
    return f"{size / GB:.1f}"
