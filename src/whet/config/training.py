"""The recipe's training sections: sampling, optimizers, the warm start, GRPO."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PositiveInt, model_validator

from whet.config.data import SourceConfig
from whet.config.model import LoraConfig
from whet.config.objectives import ObjectiveConfig
from whet.config.section import Section

Decay = Annotated[float, Field(ge=0, lt=1)]

MICRO_BATCH_TOKENS = 4096
"""Tokens of the largest micro-batch that is chosen by itself."""


def _by_memory(value: object) -> object:
    """`auto` is no size yet."""
    return None if value == "auto" else value


MicroBatch = Annotated[PositiveInt | None, BeforeValidator(_by_memory)]
"""Tokens of a micro-batch; None, or `auto` in a recipe, until the free memory is known."""


class SamplingConfig(Section):
    """Sampling of o_i ~ π_old in training."""

    temperature: float = Field(1.0, gt=0, le=10)
    """Logits are divided by this before sampling."""
    top_p: float = Field(1.0, gt=0, le=1)
    """Nucleus sampling; anything under 1 biases the gradient, so training warns about it."""
    max_tokens: PositiveInt = 256
    """A completion is truncated after this many tokens."""


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


class OwnAnswersConfig(Section):
    """The model's own answers, sampled before a warm start that imitates them."""

    problems: PositiveInt = 128
    """Training problems that are sampled at most."""
    samples: PositiveInt = 4
    """Completions per problem."""
    temperature: float = Field(0.7, gt=0, le=10)
    """Their temperature. More of them are right than at that of GRPO, and they still differ (arXiv:2308.01825)."""
    kept: PositiveInt = 2
    """Right completions kept per problem at most: different ones, in the order they were sampled."""
    wanted: PositiveInt = 64
    """Sampling stops once this many right completions are kept."""
    least: PositiveInt = 16
    """Fewer right completions than this are too few to imitate; with `sft.from auto`, worked solutions are instead."""


class SftConfig(Section):
    """The warm start: supervised fine-tuning on rendered solutions."""

    shorthand = "when"

    when: Literal["auto", "always", "never"] = "auto"
    """`auto` applies the warm start when, and only when, the check finds too little signal for GRPO."""
    source: Literal["auto", "own", "solutions"] = Field("auto", alias="from")
    """What is imitated: the model's own right answers put into the format (STaR, arXiv:2203.14465), or the data's
    worked solutions. `auto` takes its own answers where the check finds enough of them."""
    own: OwnAnswersConfig = OwnAnswersConfig()
    """How the model's own answers are sampled and chosen."""
    data: SourceConfig | None = None
    """Solutions to imitate; the default is the training problems."""
    lora: LoraConfig | None = None
    """Train low-rank adapters in the warm start, merged into the weights when it ends; null trains what GRPO trains."""
    steps: PositiveInt = 60
    """Optimizer steps at most."""
    batch_size: PositiveInt = 16
    """Solutions per step."""
    held_out: int = Field(32, ge=0)
    """Solutions held out for the held-out loss, at most a fifth of them all; 0 measures none."""
    evaluate_every: PositiveInt = 10
    """Steps between two measurements of the held-out loss."""
    patience: PositiveInt = 3
    """Stop after this many measurements in a row without a better held-out loss; the last weights are kept."""
    stop_at_format: float | None = Field(0.95, gt=0, le=1)
    """Stop once this share of greedy completions keeps the format, so that no more is unlearned than must be; only
    where own answers are imitated, since worked solutions teach more than the format. null: never."""
    format_prompts: PositiveInt = 16
    """Prompts for that measurement, at most."""
    micro_batch_tokens: MicroBatch = None
    """Tokens per micro-batch; the gradient does not depend on it. The default, auto, is what the free memory allows
    when the run begins, on a CPU 4096 at most; recipe.yaml of the run has it."""
    optimizer: OptimizerConfig = OptimizerConfig(learning_rate=2e-5, warmup_steps=5)
    """The warm start's own optimizer."""

    @model_validator(mode="after")
    def _refuse_four_bits(self) -> "SftConfig":
        """Raises `ValueError` for adapters over 4-bit weights, which GRPO could not train once they are merged."""
        if self.lora and self.lora.bits == 4:
            raise ValueError("lora.bits is 4, but weights of 4 bits take no merged adapters; set it to 16")
        return self


class CurriculumConfig(Section):
    """Which problems are asked, by difficulty or by signal."""

    by: Literal["level", "pass_rate", "signal"] = "pass_rate"
    """By a column that says how hard a problem is, by how often the policy solved it so far, or by whether its last
    groups had a signal (GRESO, arXiv:2506.02177)."""
    level: str = "level"
    """For `level`: the column; a number, or a text that ends in one, such as `Level 5`."""
    start: float = Field(0.2, gt=0, le=1)
    """For `level`: the share of the problems, easiest first, that the first step may draw from."""
    steps: PositiveInt = 100
    """For `level`: GRPO steps until all problems are drawn from."""
    candidates: int = Field(4, ge=2)
    """For `pass_rate` and `signal`: candidates drawn per problem of a step. Those with a pass rate nearest to ½ are
    taken; or the first ones that are not skipped for want of a signal."""


class ReplayConfig(Section):
    """Replay of correct completions to rarely solved problems, in groups of theirs in which all rewards are equal."""

    pass_rate: float = Field(0.25, gt=0, le=1)
    """A problem is rare while the share of correct completions so far is at most this."""
    responses: PositiveInt = 2
    """Correct completions kept for each rare problem: the newest."""
    capacity: PositiveInt = 1000
    """Problems with kept completions; beyond, the one whose newest correct completion is oldest is dropped."""


class GrpoConfig(Section):
    """Group Relative Policy Optimization (arXiv:2402.03300)."""

    steps: int = Field(100, ge=0)
    """Algorithm 1's outer loop: sample, grade, update."""
    prompts_per_step: PositiveInt = 8
    """Q: prompts in a step."""
    group_size: int = Field(8, ge=2)
    """G: completions for each prompt; an advantage needs at least two."""
    sizes: Literal["equal", "pass_rate"] = "equal"
    """Group sizes: all the same, or `group_size` on average and larger where the last pass rate of a problem promises
    more (Knapsack RL, arXiv:2509.25849)."""
    first: int | None = Field(None, ge=2)
    """Sample only so many completions of each prompt first, and the rest where their rewards differ; null samples all
    at once."""
    learn_from: int | None = Field(None, ge=2)
    """Down-sampling (PODS, arXiv:2504.13818): only so many completions of each group are learned from, those whose
    rewards differ most; null learns from all."""
    draws: PositiveInt = 1
    """Dynamic sampling (DAPO): groups without a signal are replaced by other problems, up to this many times
    `prompts_per_step` sampled in all; at 1 none."""
    curriculum: CurriculumConfig | None = None
    """The order of problems by difficulty; without it epochs are shuffled."""
    replay: ReplayConfig | None = None
    """Put a correct completion of an earlier step into groups without a signal, for rarely solved problems."""
    sampling: SamplingConfig = SamplingConfig()
    """How completions are sampled."""
    objective: ObjectiveConfig = ObjectiveConfig()
    """The loss."""
    optimizer: OptimizerConfig = OptimizerConfig()
    """The optimizer."""
    record_entropy: bool = False
    """Keep the entropy of the policy at each token with the rollouts, for `whet ui`. The learner's head is computed in
    another way for it: a step takes longer, and its gradient differs in the last digits."""
    micro_batch_tokens: MicroBatch = None
    """Tokens per micro-batch; groups stay whole where they fit, and the gradient does not depend on it. The default,
    auto, is what the free memory allows when the run begins, on a CPU 4096 at most; recipe.yaml of the run has it."""
    comparison_seconds: float = Field(60.0, gt=0, le=86400)
    """Seconds that a step's answers may be compared by computer algebra; those left over count as not equal."""

    @model_validator(mode="after")
    def _refuse_more_than_there_are(self) -> "GrpoConfig":
        """Raises `ValueError` where more completions of a group are to be learned from than it has."""
        if self.learn_from is not None and self.learn_from > self.group_size:
            raise ValueError(f"learn_from is {self.learn_from}, more than group_size {self.group_size}; lower it")
        if self.first is not None and self.first >= self.group_size:
            raise ValueError(f"first is {self.first}, not less than group_size {self.group_size}; lower it")
        if self.first is not None and self.sizes != "equal":
            raise ValueError("first and sizes pass_rate both decide how large a group is; leave one of them out")
        if self.first is not None and self.replay:
            raise ValueError("first asks whether completions differ, which replay changes; leave one of them out")
        return self

    @model_validator(mode="after")
    def _refuse_replay_without_a_ratio(self) -> "GrpoConfig":
        """Raises `ValueError` for replay with a surrogate that has no ratio: off-policy rollouts need one."""
        if self.replay and self.objective.surrogate == "log_probability":
            raise ValueError(
                "replay needs a ratio to tell policies apart: set objective.surrogate to clip, or leave replay out"
            )
        return self
