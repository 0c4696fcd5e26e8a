"""A whole recipe: its sections, and how it is measured and kept."""

from typing import Literal

from pydantic import Field, PositiveInt

from whet.config.data import DataConfig
from whet.config.format import FormatConfig
from whet.config.model import ModelConfig
from whet.config.rewards import RewardConfig
from whet.config.section import Section
from whet.config.tracking import PushConfig, TrackerConfig
from whet.config.training import GrpoConfig, SftConfig


class CheckConfig(Section):
    """What `check` measures before any training."""

    problems: PositiveInt = 32
    """How many problems the probe asks."""
    samples: PositiveInt = 4
    """How many responses it samples for each."""
    gold: PositiveInt = 1000
    """How many gold solutions are graded, rendered in the format; each must score full marks."""
    fix: Literal["suggest", "apply"] = "suggest"
    """Where rewards are too strict for any signal and no warm start comes: say which easier reward would give one, or
    add it before GRPO begins."""


class RolloutConfig(Section):
    """Which engine samples."""

    engine: str = "native"
    """The engine of the whole run: check, training and evaluation."""


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
    """GRPO steps between two checkpoints, from which `whet resume` goes on; 0 saves by time alone."""
    save_minutes: float = Field(15.0, ge=0)
    """Minutes after which a step is saved, whatever `save_every` says; 0 saves by steps alone. A run that is told to
    stop (Ctrl-C, SIGTERM) always saves."""
    keep: PositiveInt = 2
    """Checkpoints kept, besides the best by held-out accuracy."""
    trackers: list[TrackerConfig] = []
    """Where else the figures of every step go while the run goes."""
    push: PushConfig | None = None
    """Where the finished model goes on the Hugging Face hub; without it, it stays here."""


class Config(Section):
    """A recipe: the whole way from a model and problems to a sharper model."""

    seed: int = Field(0, ge=0, lt=2**31)
    """Every random choice is a function of this seed and of what it is for."""
    model: ModelConfig
    """Which model to sharpen."""
    data: DataConfig
    """What to train on and what to hold out."""
    format: FormatConfig = FormatConfig()
    """How a response must be laid out."""
    rewards: list[RewardConfig] = Field(default=[RewardConfig(name="accuracy")], min_length=1)
    """What a response is worth: the weighted sum of these."""
    check: CheckConfig = CheckConfig()
    """What is measured before any training."""
    sft: SftConfig = SftConfig()
    """The warm start."""
    grpo: GrpoConfig = GrpoConfig()
    """The reinforcement fine-tuning."""
    rollout: RolloutConfig = RolloutConfig()
    """Which engine samples."""
    eval: EvalConfig = EvalConfig()
    """The held-out measurement."""
    run: RunConfig = RunConfig()
    """What is kept on disk."""
