"""The roles in Algorithm 1. Each machine folder plays one; the loop knows no other name for it.

| role | folder | plays |
|---|---|---|
| `Source` | `data/` | where problems come from |
| `Problems` | `data/` | q ~ P(Q): the prompts of a step |
| `Policy` | `policy/` | π_θ, and π_ref |
| `Sampler` | `rollout/` | o_1 … o_G ~ π_old |
| `RewardFn`, `Grader` | `rewards/` | r_i |
| `AnswerChecker` | `build` | right or wrong, whatever is rewarded |
| `Optimizer` | `compute/` | θ ← θ − η ∇L |
| `Run` | `runs/` | what stays on disk |
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from whet.types import Group, Outputs, Problem, Prompt, Verdict

if TYPE_CHECKING:
    from torch import Tensor

    from whet.batch import Batch

Source = Sequence[Problem]
"""Problems by index. An endless source is a lazy sequence with a very large length."""


class Problems(Protocol):
    """D: the problems to train on."""

    def draw(self, count: int, step: int) -> list[Prompt]:
        """The `count` prompts of `step`: a function of (seed, step), never of what was drawn before."""
        ...


class Policy(Protocol):
    """π_θ, and, frozen, π_ref."""

    max_micro_batch_tokens: int
    """Tokens at a time that the learner has not failed with for want of memory."""

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


class Kept(Protocol):
    """What a checkpoint holds, where it is tensors."""

    def tensors(self) -> "Mapping[str, Tensor]":
        """Everything that the next step depends on and that cannot be made anew."""
        ...

    def restore(self, held: "Mapping[str, Tensor]") -> None:
        """Becomes what `tensors` told of."""
        ...


class KeptReference(Reference, Kept, Protocol):
    """π_ref as a run holds it."""


class Remembering(Protocol):
    """What acts by what it saw before: a run that goes on must give it its memory back."""

    def state(self) -> Any:
        """The memory, as JSON has it."""
        ...

    def restore(self, state: Any) -> None:
        """Remembers what `state` told of, JSON read back."""
        ...


class Sampler(Protocol):
    """π_old: samples responses and records their log-probabilities."""

    def load(self, policy: Any) -> None:
        """π_old ← π_θ."""
        ...

    def sample(self, prompts: Sequence[Prompt], n: int, step: int) -> Outputs:
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

    def grade(self, prompts: Sequence[Prompt], outputs: Outputs) -> list[Group]:
        """One complete group per prompt, in order."""
        ...


class AnswerChecker(Protocol):
    """Measures a response for evaluation and the check, independently of the rewards."""

    def __call__(self, text: str, problem: Problem) -> Verdict: ...


class Optimizer(Kept, Protocol):
    """Turns losses into a step on the weights."""

    def backward(self, loss: "Tensor") -> None:
        """Adds ∇loss to the gradient of the step under way."""
        ...

    def step(self, index: int) -> Mapping[str, float]:
        """Clips, applies and clears the gradient at the learning rate of step `index`; says `grad_norm` and
        `learning_rate`."""
        ...

    def zero_grad(self) -> None:
        """Clears the gradient of the step under way."""
        ...


class Run(Protocol):
    """What a run leaves on disk."""

    def steps(self, until: int) -> Iterable[int]:
        """The steps still to do: from where the run stopped up to `until`, excluded."""
        ...

    def record(
        self,
        step: int,
        groups: Sequence[Group],
        advantages: Sequence[Sequence[float]],
        metrics: Mapping[str, float],
    ) -> None:
        """Writes the step's metrics and every rollout of it."""
        ...
