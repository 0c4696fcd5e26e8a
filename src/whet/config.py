"""Every knob of a recipe, once, with a sentence under each.

A recipe is a YAML file of these sections. Unknown keys, wrong types and values out of range are refused
before anything loads (`whet.recipe` turns the refusal into one line with the key, the value and the mend).
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, PositiveInt, Tag

from whet.problem_sources import DataConfig as DataConfig
from whet.problem_sources import SourceConfig as SourceConfig
from whet.section import Section as Section
from whet.variants import ObjectiveConfig as ObjectiveConfig


class LoraConfig(Section):
    """Low-rank adapters (arXiv:2106.09685) in place of training every weight."""

    rank: PositiveInt = 16
    """r: the rank of the update."""
    alpha: float = Field(32.0, gt=0)
    """The update is scaled by alpha / rank."""
    targets: list[str] | Literal["all-linear"] = "all-linear"
    """Which linear layers carry an adapter, by the end of their name."""


class ModelConfig(Section):
    """π_θ: which model to sharpen."""

    name: str
    """A folder, a GGUF file, a hub name, or a packaged model (`SmolLM2-135M-Instruct`)."""
    dtype: Literal["auto", "bfloat16", "float32"] = "auto"
    """What the layers load and compute in; auto takes bfloat16 where the machine is fast at it. While a stage trains,
    its optimizer keeps a float32 master of every weight."""
    lora: LoraConfig | None = None
    """Train low-rank adapters instead of every weight."""


class TagsConfig(Section):
    """A response format of your own, by its tags."""

    tags: list[str] = Field(min_length=1)
    """Tag names in order; the last one holds the answer: `[scratch, final]`."""
    system_prompt: str | None = None
    """What the model is told; the default names the tags."""
    lines: bool = False
    """Whether the strict layout puts each tag on a line of its own."""


class FormatConfig(Section):
    """How a response must be laid out."""

    name: Literal[
        "think_answer", "reasoning_answer", "reasoning_output_answer", "boxed", "gsm8k", "plain", "custom"
    ] = "think_answer"
    """A built-in layout, or `custom` with `custom.tags`."""
    system_prompt: str | None = None
    """Replaces the system prompt that comes with the layout; an empty string sends none."""
    custom: TagsConfig | None = None
    """The tags of a layout of your own."""


class WeightConfig(Section):
    """A weight that moves while training, such as that of a gentle reward that makes way for a strict one."""

    start: float
    """The weight before it moves."""
    end: float
    """The weight once it has moved."""
    steps: PositiveInt
    """GRPO steps from start to end."""
    after: int = Field(0, ge=0)
    """GRPO steps before it begins to move."""
    shape: Literal["linear", "cosine", "jump"] = "linear"
    """On a line, along half a cosine, or all at once when the steps are over."""


Weight = Annotated[
    Annotated[float, Tag("constant")] | Annotated[WeightConfig, Tag("schedule")],
    Discriminator(lambda value: "schedule" if isinstance(value, dict | WeightConfig) else "constant"),
]
"""A number, or a schedule over the steps of GRPO."""


class RewardConfig(Section):
    """One part of r_i."""

    name: str
    """A built-in reward, `package.module:function` or `file.py:function`."""
    weight: Weight = 1.0
    """What the reward is multiplied by in the sum: a number, or a schedule `{start: 1, end: 0, steps: 100}`."""
    params: dict[str, Any] = {}
    """Keyword arguments for the reward."""
    on_error: Literal["skip", "zero", "fail"] = "skip"
    """Where the reward raises or returns no finite number: leave it out of the sum, count it as 0, or stop."""


class SamplingConfig(Section):
    """How o_i ~ π_old is drawn while training."""

    temperature: float = Field(1.0, gt=0, le=10)
    """Logits are divided by this before sampling."""
    top_p: float = Field(1.0, gt=0, le=1)
    """Nucleus sampling; anything under 1 biases the gradient, so training warns about it."""
    max_tokens: PositiveInt = 256
    """A response is cut off after this many tokens."""


class CheckConfig(Section):
    """What `check` measures before any training."""

    problems: PositiveInt = 32
    """How many problems the probe asks."""
    samples: PositiveInt = 4
    """How many responses it samples for each."""
    gold: PositiveInt = 1000
    """How many gold solutions are graded, rendered in the format; each must score full marks."""


Decay = Annotated[float, Field(ge=0, lt=1)]


class OptimizerConfig(Section):
    """AdamW (arXiv:1711.05101) and its schedule."""

    learning_rate: float = Field(1e-6, gt=0, le=1)
    """The peak of the schedule."""
    schedule: Literal["constant", "cosine", "linear"] = "constant"
    """After the warm-up: constant, or falling along a cosine or a line that reaches zero after the last step."""
    warmup_steps: int = Field(0, ge=0)
    """Steps over which the rate rises linearly from zero."""
    betas: tuple[Decay, Decay] = (0.9, 0.999)
    """Decay of the running means of the gradient and of its square."""
    weight_decay: float = Field(0.0, ge=0)
    """Decoupled weight decay."""
    max_grad_norm: float = Field(1.0, gt=0)
    """The gradient is scaled down to this norm."""


class SftConfig(Section):
    """The warm start: supervised fine-tuning on rendered solutions."""

    when: Literal["auto", "always", "never"] = "auto"
    """`auto` applies the warm start when, and only when, the check finds too little signal for GRPO."""
    data: SourceConfig | None = None
    """Solutions to imitate; the default is the training problems."""
    steps: PositiveInt = 60
    """Optimizer steps at most."""
    batch_size: PositiveInt = 16
    """Solutions per step."""
    held_out: int = Field(32, ge=0)
    """Solutions set aside to measure the held-out loss, at most a fifth of them all; 0 measures none."""
    evaluate_every: PositiveInt = 10
    """Steps between two measurements of the held-out loss."""
    patience: PositiveInt = 3
    """Stop after this many measurements in a row without a better held-out loss; the weights stay as they are then."""
    micro_batch_tokens: PositiveInt = 4096
    """Tokens that go through the learner at a time; the gradient does not depend on it."""
    optimizer: OptimizerConfig = OptimizerConfig(learning_rate=2e-5, warmup_steps=5)
    """The warm start's own optimizer."""


class GrpoConfig(Section):
    """Group Relative Policy Optimization (arXiv:2402.03300)."""

    steps: int = Field(100, ge=0)
    """Algorithm 1's outer loop: sample, grade, update."""
    prompts_per_step: PositiveInt = 8
    """Q: prompts in a step."""
    group_size: int = Field(8, ge=2)
    """G: responses for each prompt; an advantage needs at least two."""
    sampling: SamplingConfig = SamplingConfig()
    """How responses are drawn."""
    objective: ObjectiveConfig = ObjectiveConfig()
    """What is minimised."""
    optimizer: OptimizerConfig = OptimizerConfig()
    """How it is minimised."""
    micro_batch_tokens: PositiveInt = 4096
    """Tokens that go through the learner at a time; groups stay whole and the gradient does not depend on it."""


class EvalConfig(Section):
    """The held-out measurement."""

    problems: PositiveInt = 256
    """Held-out problems asked."""
    samples: PositiveInt = 1
    """1 answers greedily; K > 1 adds K samples per problem for pass@k and maj@k."""
    temperature: float = Field(1.0, gt=0, le=10)
    """Temperature of those K samples."""
    max_tokens: PositiveInt | None = None
    """Longest answer; the default is the training's."""
    every: int = Field(0, ge=0)
    """GRPO steps between two evaluations; 0 evaluates before and after only."""


class RunConfig(Section):
    """What is kept on disk."""

    folder: str = "runs"
    """Where run folders go."""
    name: str | None = None
    """The run folder's name; the default is the recipe's name and a number."""
    save_every: int = Field(0, ge=0)
    """GRPO steps between two checkpoints; 0 saves only at the end."""
    keep: PositiveInt = 2
    """Checkpoints kept, besides the best by held-out accuracy."""


def _when(value: Any) -> Any:
    """`sft: auto` is short for `sft: {when: auto}`."""
    return {"when": value} if isinstance(value, str) else value


def _named(value: Any) -> Any:
    """`format: boxed` is short for `format: {name: boxed}`."""
    return {"name": value} if isinstance(value, str) else value


def _rewards(value: Any) -> Any:
    """`rewards: [accuracy]` is short for `rewards: [{name: accuracy}]`."""
    return [_named(item) for item in value] if isinstance(value, list) else value


class Config(Section):
    """A recipe: the whole way from a model and problems to a sharper model."""

    seed: int = Field(0, ge=0, lt=2**31)
    """Every random choice is a function of this seed and of what it is for."""
    model: Annotated[ModelConfig, BeforeValidator(_named)]
    """Which model to sharpen."""
    data: DataConfig
    """What to train on and what to hold out."""
    format: Annotated[FormatConfig, BeforeValidator(_named)] = FormatConfig()
    """How a response must be laid out."""
    rewards: Annotated[list[RewardConfig], BeforeValidator(_rewards)] = Field(
        default=[RewardConfig(name="accuracy")], min_length=1
    )
    """What a response is worth: the weighted sum of these."""
    check: CheckConfig = CheckConfig()
    """What is measured before any training."""
    sft: Annotated[SftConfig, BeforeValidator(_when)] = SftConfig()
    """The warm start."""
    grpo: GrpoConfig = GrpoConfig()
    """The reinforcement fine-tuning."""
    eval: EvalConfig = EvalConfig()
    """The held-out measurement."""
    run: RunConfig = RunConfig()
    """What is kept on disk."""
