"""The whole recipe, and its sections for check, processes, evaluation and run folder."""

from typing import Literal

from pydantic import Field, PositiveInt, model_validator

from whet.config.data import DataConfig
from whet.config.engines import RolloutConfig, names_cluster, without_password
from whet.config.format import FormatConfig
from whet.config.model import ModelConfig
from whet.config.rewards import RewardConfig
from whet.config.section import Section
from whet.config.tracking import PushConfig, TrackerConfig
from whet.config.training import GrpoConfig, SftConfig


class CheckConfig(Section):
    """The check before training."""

    problems: PositiveInt = 32
    """Problems in the probe."""
    samples: PositiveInt = 4
    """Completions sampled for each."""
    rounds: PositiveInt = 4
    """The probe's rounds at most. After the first one each adds as many problems, and comes only where it is not sure
    yet whether there is a signal, or enough of it."""
    on_no_signal: Literal["stop", "train"] = "stop"
    """Where surely no group carries a signal, and no warm start comes: stop before the first step, or train."""
    gold: PositiveInt = 1000
    """Gold solutions that are graded, rendered in the format; each must score full marks."""
    fix: Literal["suggest", "apply"] = "suggest"
    """Where rewards are too strict for any signal and no warm start comes: name an easier reward that would give one,
    or add it before GRPO begins."""


class RayProcessesConfig(Section):
    """A Ray cluster on whose nodes the processes of a run are started."""

    shorthand = "address"

    address: str = "auto"
    """The cluster: auto takes the one that this machine belongs to; HOST:PORT is that of a head."""
    cpus: PositiveInt = 1
    """Cores of each process, which takes a thread for each."""
    gpus: Literal[0, 1] | None = None
    """GPUs of each process. The default is 1 where the cluster has GPUs, else 0."""

    @model_validator(mode="after")
    def _refuse_other_addresses(self) -> "RayProcessesConfig":
        """Raises `ValueError` for what is no address of a cluster's head."""
        if not names_cluster(self.address, "auto"):
            told = without_password(self.address)
            raise ValueError(f"address is {told!r}; use auto, or HOST:PORT of a cluster's head")
        return self


class ComputeConfig(Section):
    """The processes that share a run's work."""

    processes: PositiveInt = 1
    """Processes that share sampling, grading and learning; on GPUs one for each. More than one are started by Whet,
    unless torchrun has started them already."""
    sharding: Literal["auto", "full", "none"] = "auto"
    """Whether processes divide weights, gradients and optimizer state among themselves (FSDP2), so that each holds its
    part: full; or each holds all of them: none. auto divides where these alone do not fit on a device; it does not
    count a reference's copy, the sampler's and activations, so set full where those make it too much."""
    timeout_minutes: float = Field(30.0, gt=0)
    """Minutes that processes wait for one that is late, which is then named and the run ended. More than sampling,
    grading or learning takes in one step."""
    ray: RayProcessesConfig | None = None
    """Where `whet train` starts the processes: on the nodes of a Ray cluster, which see the same files; null is this
    machine."""

    @model_validator(mode="after")
    def _refuse_a_cluster_for_one(self) -> "ComputeConfig":
        """Raises `ValueError` where a cluster is named for a single process, which runs on this machine."""
        if self.ray and self.processes == 1:
            fix = "set processes to 2 or more, or leave ray out"
            raise ValueError(f"ray names a cluster, but processes is 1, which runs on this machine; {fix}")
        return self


class EvalConfig(Section):
    """The held-out evaluation."""

    problems: PositiveInt = 256
    """Held-out problems evaluated."""
    samples: PositiveInt = 1
    """1 decodes greedily; K > 1 adds K samples per problem for pass@k and maj@k."""
    temperature: float = Field(1.0, gt=0, le=10)
    """Temperature of those K samples."""
    max_tokens: PositiveInt | None = None
    """The limit on completion tokens; the default is the training's."""
    every: int = Field(0, ge=0)
    """GRPO steps between two evaluations; 0 evaluates before and after only."""


class RunConfig(Section):
    """The run folder, checkpoints, trackers and the hub."""

    folder: str = "runs"
    """The folder of run folders."""
    name: str | None = None
    """The run folder's name; the default is the recipe's name and a number."""
    save_every: int = Field(0, ge=0)
    """GRPO steps between two checkpoints, from which `whet resume` goes on; 0 saves by time alone."""
    save_minutes: float = Field(15.0, ge=0)
    """Minutes after which a step is saved, independently of `save_every`; 0 saves by steps alone. A run that is stopped
    by Ctrl-C or SIGTERM always saves."""
    keep: PositiveInt = 2
    """Checkpoints kept, besides the best by held-out accuracy."""
    trackers: list[TrackerConfig] = []
    """Experiment trackers that get the metrics of every step."""
    push: PushConfig | None = None
    """The repository on the Hugging Face hub for the finished model; without it, nothing is uploaded."""


class Config(Section):
    """A recipe: all settings of a run."""

    seed: int = Field(0, ge=0, lt=2**31)
    """The seed of all random numbers; each use derives a stream of its own."""
    deterministic: bool = False
    """On a GPU, give the learner kernels whose sums come out the same at every run, to the last bit, as a CPU's do, so
    that a resumed run ends as one that was never stopped. Costs a few per cent of its time."""
    model: ModelConfig
    """Which model to train."""
    data: DataConfig
    """What to train on and what to hold out."""
    format: FormatConfig = FormatConfig()
    """The layout that completions must have."""
    rewards: list[RewardConfig] = Field(default=[RewardConfig(name="accuracy")], min_length=1)
    """The reward of a completion is the weighted sum of these."""
    check: CheckConfig = CheckConfig()
    """The check before training."""
    sft: SftConfig = SftConfig()
    """The warm start."""
    grpo: GrpoConfig = GrpoConfig()
    """The reinforcement fine-tuning."""
    rollout: RolloutConfig = RolloutConfig()
    """The sampling engine."""
    compute: ComputeConfig = ComputeConfig()
    """The processes that share the work."""
    eval: EvalConfig = EvalConfig()
    """The held-out evaluation."""
    run: RunConfig = RunConfig()
    """The run folder, checkpoints, trackers and the hub."""
