"""The roles in Algorithm 1. Each machine folder plays one; the loop knows no other name for it.

| role | folder | plays |
|---|---|---|
| `Source` | `data/` | where problems come from |
| `Problems` | `data/` | q ~ P(Q): the prompts of a step |
| `Policy` | `policy/` | π_θ, and π_ref |
| `Sampler` | `rollout/` | o_1 … o_G ~ π_old: one engine, whoever asks |
| `SampleFn` | `rollout/`, `environments/` | rollouts of prompts, through an engine |
| `RewardFn`, `Grader` | `rewards/` | r_i |
| `Experience` | `grpo/` | a step's groups: draw, sample, grade |
| `AnswerChecker` | `build/` | right or wrong, whatever is rewarded |
| `Optimizer` | `compute/` | θ ← θ − η ∇L |
| `Run` | `runs/` | what stays on disk |
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

from whet.types import Collected, Completion, Graded, Outputs, Problem, Prompt, Request, SamplingParams, Token, Verdict

if TYPE_CHECKING:
    from torch import Tensor

    from whet.batch import Batch

Source = Sequence[Problem]
"""Problems by index. An endless source is a lazy sequence with a very large length."""


class Stateful(Protocol):
    """What a checkpoint holds, as in PyTorch: tensors of a machine, or plain JSON of an idea."""

    def state_dict(self) -> Mapping[str, Any]:
        """Everything that the next step depends on and that cannot be made anew."""
        ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from what `state_dict` gave, be it read back from disk."""
        ...


class Problems(Protocol):
    """D: the problems to train on."""

    def draw(self, count: int, step: int) -> list[Prompt]:
        """The `count` prompts of `step`: a function of (seed, step), never of what was drawn before."""
        ...


class Policy(Protocol):
    """π_θ, and, frozen, π_ref."""

    def logprobs(self, batch: "Batch") -> "Tensor":
        """log π(o_t | q, o_<t) as float32 `[B, T]`, zero where the batch's mask is False."""
        ...

    def logprobs_and_entropies(self, batch: "Batch") -> "tuple[Tensor, Tensor]":
        """The same, and the entropy of π(· | q, o_<t) in nats, both float32 `[B, T]` and with a gradient."""
        ...


class Reference(Protocol):
    """π_ref, or nothing at β = 0."""

    def logprobs(self, batch: "Batch") -> "Tensor | None":
        """log π_ref as `[B, T]` without a gradient, or `None` where no reference is kept."""
        ...

    def sync(self, step: int) -> None:
        """π_ref ← π_θ after `step`, where and as far as the recipe lets it."""
        ...


class StatefulReference(Reference, Stateful, Protocol):
    """π_ref as a run holds it."""


class Sampler(Protocol):
    """π_old: an engine that samples completions and records their log-probabilities. One per run, whoever asks."""

    def load(self, policy: Any) -> None:
        """π_old ← π_θ: takes the policy's weights, adapters merged in."""
        ...

    def generate(self, requests: Sequence[Request], params: SamplingParams) -> list[list[Completion]]:
        """For each request one completion per key, in order. Equal contexts and keys give equal completions."""
        ...

    def stream(self, request: Request, params: SamplingParams) -> Iterator[Token]:
        """The one completion of a request with one key, token by token."""
        ...

    def release(self) -> None:
        """Gives its memory back until the next `load`: weights, and keys and values of what was sampled."""
        ...


class SampleFn(Protocol):
    """Rollouts of prompts, sampled from a loaded engine."""

    def __call__(self, prompts: Sequence[Prompt], n: int, step: int) -> Outputs:
        """`n` rollouts for each prompt, in order. The same (seed, step, problem, sample) gives the same rollout."""
        ...


class RewardFn(Protocol):
    """A reward function in the ecosystem's convention: functions written for TRL run unchanged.

    `None` in the returned list means that the reward does not apply to that completion.
    """

    def __call__(
        self, *, prompts: list[Any], completions: list[Any], completion_ids: list[list[int]], **columns: Any
    ) -> list[float | None]: ...


class Grader(Protocol):
    """r_i for every rollout of a step at once."""

    def grade(self, prompts: Sequence[Prompt], outputs: Outputs, step: int) -> Graded:
        """One complete group per prompt, in order, and what reward functions logged or failed with."""
        ...


class Experience(Protocol):
    """What a step learns from. Variants wrap one another: dynamic sampling, the KL in the reward, one step ahead."""

    def collect(self, step: int) -> Collected:
        """The groups of `step`, each complete, with the figures of all the rounds that it took to get them."""
        ...


class AnswerChecker(Protocol):
    """Whether a response is right, for evaluation and the check, independently of the rewards."""

    def __call__(self, text: str, problem: Problem) -> Verdict: ...


class Splittable(Protocol):
    """What the learner can take in parts: a batch of groups, or examples to imitate."""

    def micro_batches(self, tokens: int) -> "Iterator[Self]":
        """Parts of at most `tokens` tokens, or of the smallest size there is."""
        ...

    @property
    def smallest(self) -> int:
        """Tokens of the smallest part there can be."""
        ...


Part = TypeVar("Part", bound=Splittable)
Result = TypeVar("Result")


class Optimizer(Stateful, Protocol):
    """Turns losses into a step on the weights."""

    def accumulate(self, batches: "Sequence[Part]", loss: "Callable[[Part], tuple[Tensor, Result]]") -> "list[Result]":
        """Adds the gradient of Σ `loss` over micro-batches of `batches`, as small as memory asks, to that of the step.

        `loss` gives the micro-batch's scalar and whatever is to be known of it, without a graph: the latter is
        returned, micro-batch by micro-batch.
        """
        ...

    def step(self, index: int) -> Mapping[str, float]:
        """Clips, applies and clears the gradient at the learning rate of step `index`; says `grad_norm` and
        `learning_rate`."""
        ...

    def zero_grad(self) -> None:
        """Clears the gradient of the step."""
        ...


class Run(Protocol):
    """What a run leaves on disk."""

    def steps(self, until: int) -> Iterable[int]:
        """The steps still to do: from where the run stopped up to `until`, excluded."""
        ...

    def record(
        self,
        step: int,
        collected: Collected,
        advantages: Sequence[Sequence[float]],
        metrics: Mapping[str, float],
    ) -> None:
        """Writes the step's metrics and every rollout of it."""
        ...
