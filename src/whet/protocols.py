"""The interfaces between the parts of Algorithm 1, and the folders that implement them.

| role | folder | is |
|---|---|---|
| `Source` | `data/` | where problems come from |
| `Problems` | `data/` | q ~ P(Q): the prompts of a step |
| `Policy` | `policy/` | π_θ, and π_ref |
| `Sampler` | `rollout/` | o_1 … o_G ~ π_old: the run's one engine |
| `SampleFn` | `rollout/` | rollouts of prompts, through an engine |
| `RewardFn`, `Grader` | `rewards/` | r_i |
| `Experience` | `grpo/` | a step's groups: draw, sample, grade |
| `AnswerChecker` | `build/` | correctness, independent of the rewards |
| `Optimizer` | `compute/` | θ ← θ − η ∇L |
| `Run` | `runs/` | the run folder |
| `Processes` | `compute/` | the processes that share a run's work |
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

from whet.types import (
    Collected,
    Completion,
    Graded,
    Outputs,
    Problem,
    Prompt,
    Request,
    SamplingParams,
    Token,
    TokenColumns,
    Verdict,
)

if TYPE_CHECKING:
    from torch import Tensor

    from whet.batch import Batch

Source = Sequence[Problem]
"""Problems by index. An endless source is a lazy sequence with a very large length."""


class Stateful(Protocol):
    """A part with state for checkpoints, as in PyTorch: named tensors, or plain JSON."""

    def state_dict(self) -> Mapping[str, Any]:
        """Returns all state that the next step depends on and that cannot be recomputed."""
        ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores the state that `state_dict` returned, also after a round trip to disk."""
        ...


class Problems(Protocol):
    """D: the problems to train on."""

    def draw(self, count: int, step: int) -> list[Prompt]:
        """Returns the `count` prompts of `step`, a function of (seed, step), not of earlier draws."""
        ...


class Policy(Protocol):
    """π_θ, and, frozen, π_ref."""

    def logprobs(self, batch: "Batch") -> "Tensor":
        """Returns log π(o_t | q, o_<t) as float32 `[B, T]`, zero where its `scored_BT` is False.

        It is on the device that computed it, the batch on the CPU.
        """
        ...

    def logprobs_and_entropies(self, batch: "Batch") -> "tuple[Tensor, Tensor]":
        """As `logprobs`, with the entropy of π(· | q, o_<t) in nats, both float32 `[B, T]` and with a gradient."""
        ...


class Reference(Protocol):
    """π_ref, or nothing at β = 0."""

    def logprobs(self, batch: "Batch") -> "Tensor | None":
        """Returns log π_ref as `[B, T]` without a gradient, or `None` where no reference is kept."""
        ...

    def sync(self, step: int) -> None:
        """Updates π_ref towards π_θ after `step`, where the recipe says so."""
        ...


class StatefulReference(Reference, Stateful, Protocol):
    """π_ref with state for checkpoints."""


class Sampler(Protocol):
    """π_old: an engine that samples completions with their log-probabilities. One per run."""

    def load(self, policy: Any) -> None:
        """π_old ← π_θ: takes the policy's weights, adapters merged in."""
        ...

    def generate(self, requests: Sequence[Request], params: SamplingParams) -> list[list[Completion]]:
        """Returns for each request one completion per key, in order. Equal contexts and keys give equal completions."""
        ...

    def stream(self, request: Request, params: SamplingParams) -> Iterator[Token]:
        """Yields the one completion of a request with one key, token by token.

        Whoever stops reading closes the iterator before `release`: it holds the engine.
        """
        ...

    def release(self) -> None:
        """Frees its weights and KV cache until the next `load`."""
        ...

    def describe(self, policy: Any) -> str:
        """Returns in a few words what samples from `policy`, for the run's log."""
        ...


class SampleFn(Protocol):
    """A function that samples rollouts of prompts from a loaded engine."""

    def __call__(self, prompts: Sequence[Prompt], n: int, step: int) -> Outputs:
        """Returns `n` rollouts per prompt, in order. Equal (seed, step, problem, sample) give equal rollouts."""
        ...


class RewardFn(Protocol):
    """A reward function in the ecosystem's convention: functions written for TRL run unchanged.

    `None` in the returned list means that the reward does not apply to that completion.
    """

    def __call__(
        self, *, prompts: list[Any], completions: list[Any], completion_ids: list[list[int]], **columns: Any
    ) -> list[float | None]: ...


class Grader(Protocol):
    """Computes r_i for the rollouts of a step."""

    def grade(self, prompts: Sequence[Prompt], outputs: Outputs, step: int) -> Graded:
        """Returns one group per prompt, in order, with what reward functions logged and their failures."""
        ...


class Experience(Protocol):
    """Collects what a step learns from. Variants wrap one another: dynamic sampling, the KL in the reward."""

    def collect(self, step: int) -> Collected:
        """Returns the groups of `step`, with the metrics of all rounds of sampling."""
        ...


class AnswerChecker(Protocol):
    """A function that checks a completion's correctness for evaluation, independently of the rewards."""

    def __call__(self, text: str, problem: Problem) -> Verdict: ...


class Splittable(Protocol):
    """Training data that splits into micro-batches: a batch of groups, or supervised examples."""

    def micro_batches(self, tokens: int) -> "Iterator[Self]":
        """Yields parts of at most `tokens` tokens, or of a single larger unit."""
        ...

    @property
    def smallest(self) -> int:
        """Tokens of the smallest possible part."""
        ...

    @property
    def sizes(self) -> Sequence[int]:
        """Tokens of each unit that one process computes as a whole: a group, an example."""
        ...

    def units(self, keep: Sequence[int]) -> Self:
        """Returns the units with these places."""
        ...


Part = TypeVar("Part", bound=Splittable)
Result = TypeVar("Result")


class Optimizer(Stateful, Protocol):
    """Accumulates gradients of losses and updates the weights."""

    def accumulate(self, batches: "Sequence[Part]", loss: "Callable[[Part], tuple[Tensor, Result]]") -> "list[Result]":
        """Adds the gradient of Σ `loss` over micro-batches of `batches`, as small as memory requires, to the step's.

        `loss` returns the micro-batch's scalar and a result without a graph; the results are returned in order.
        """
        ...

    def step(self, index: int) -> Mapping[str, float]:
        """Clips, applies and clears the gradient at step `index`; returns `grad_norm` and `learning_rate`."""
        ...

    def zero_grad(self) -> None:
        """Clears the gradient of the step."""
        ...


class Run(Protocol):
    """Records a run on disk."""

    def steps(self, until: int) -> Iterable[int]:
        """Yields the remaining steps: from where the run stopped up to `until`, excluded."""
        ...

    def record(
        self,
        step: int,
        collected: Collected,
        advantages: Sequence[Sequence[float]],
        metrics: Mapping[str, float],
        columns: Callable[[], TokenColumns],
    ) -> None:
        """Writes the step's metrics and rollouts. `columns`, perhaps called later, returns those of their tokens."""
        ...


class Processes(Protocol):
    """The processes of a run: all take every step together, share its work and agree on how it went.

    What one of them raises, an interrupt included, all of them raise, with the name of the process that did.
    """

    @property
    def rank(self) -> int:
        """The number of this process, from 0; 0 alone writes the run folder and prints."""
        ...

    @property
    def count(self) -> int:
        """How many there are."""
        ...

    def gathered(self, work: Callable[[], Result]) -> list[Result]:
        """Does `work`, the share of this process, and returns what all of them returned, by rank."""
        ...

    def together(self, work: Callable[[], Result]) -> list[Result]:
        """As `gathered`, for work in the midst of which the processes exchange tensors: all of them do it.

        What one of them raises there the others cannot take up, so it ends the run.
        """
        ...

    def named_failure(self, work: Callable[[], Result]) -> Result:
        """Does `work`, in which the processes exchange tensors; raises `ProcessLost` where one of them is gone or late.

        Unlike `together` it asks nobody before and after, so it costs nothing.
        """
        ...

    def first(self, work: Callable[[], Result]) -> Result:
        """Does `work` in process 0 only, and returns its result in all of them."""
        ...

    def any(self, flag: bool) -> bool:
        """Whether `flag` is set in any of them."""
        ...

    def before_each(self, check: Callable[[], None]) -> None:
        """Has `check` called before each share of work: what it raises all raise, as if the work had."""
        ...

    def add_gradients(self, weights: "Sequence[Tensor]") -> None:
        """Sums the gradients of `weights` over the processes, equal to the last bit in all of them.

        Where a process has none it counts as zero; where none of them has one, it stays None.
        """
        ...
