"""The words of Whet: what flows through a training step, each stage building the next.

`Problem → Prompt → Request → Completion → Rollout → Reward → Group → Graded → Collected`. Every type is frozen and
complete when made; nothing is half-filled and no field changes its meaning on the way. Standard library only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from statistics import fmean
from typing import Any, Literal

Message = Mapping[str, str]
"""One turn of a conversation: `{"role": "system" | "user" | "assistant", "content": text}`."""

Finish = Literal["stop", "length"]
"""Why a rollout ended, told by the engine: the model said it was done, or it ran out of tokens."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A question whose answer we know."""

    id: str
    question: str
    answer: str
    solution: str = ""
    """Worked reasoning that leads to the answer, without tags; empty when the data has none."""
    source: str = ""
    columns: Mapping[str, Any] = field(default_factory=dict)
    """Every other column of the data, passed on to reward functions by name."""
    row: int | None = field(default=None, compare=False)
    """Where it stands in its file, as an editor or a spreadsheet counts; None where there is no file."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """q: a problem as the policy sees it."""

    problem: Problem
    messages: tuple[Message, ...]
    tokens: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """How an engine samples."""

    temperature: float = 1.0
    """Logits are divided by this; 0 takes the most likely token."""
    top_p: float = 1.0
    """Keep the smallest set of tokens whose probability reaches this (arXiv:1904.09751)."""
    max_tokens: int = 256
    """A completion is truncated after this many tokens."""


@dataclass(frozen=True, slots=True)
class Request:
    """What an engine is asked for: a context, and one counter for each completion of it."""

    tokens: tuple[int, ...]
    keys: tuple[int, ...]
    """Signed 64-bit keys of the random numbers (`whet.rollout.rng.key`): equal keys draw equal completions."""


@dataclass(frozen=True, slots=True)
class Token:
    """One token of a completion that is being sampled."""

    id: int
    logprob: float
    """log π_old in nats."""
    finish: Finish | None
    """Why the completion ended with this token; None where it goes on."""


@dataclass(frozen=True, slots=True)
class Completion:
    """What an engine returns for one key of a request, its end-of-turn token included when `finish` is `stop`."""

    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]
    """log π_old(o_t | q, o_<t) in nats, one per token."""
    finish: Finish


@dataclass(frozen=True, slots=True)
class Rollout:
    """o_i: one sampled completion, its end-of-turn token included when `finish` is `stop`."""

    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]
    """log π_old(o_t | q, o_<t) in nats, one per token, recorded while sampling; 0 where somebody else wrote it."""
    text: str
    """The completion as people read it: special tokens left out."""
    finish: Finish
    replayed: bool = False
    """Whether an earlier step sampled it: then log π_old is of the policy of that step."""
    loss_mask: tuple[bool, ...] | None = None
    """False on the tokens that somebody else wrote (a tool); None where the policy sampled all of them."""

    def __post_init__(self) -> None:
        if len(self.tokens) != len(self.logprobs):
            raise ValueError(f"a rollout has {len(self.tokens)} tokens but {len(self.logprobs)} log-probabilities")
        if self.loss_mask is not None and len(self.tokens) != len(self.loss_mask):
            raise ValueError(f"a rollout has {len(self.tokens)} tokens but a loss mask of {len(self.loss_mask)}")

    @property
    def sampled_logprobs(self) -> tuple[float, ...]:
        """log π_old of the tokens that the policy sampled itself.

        >>> Rollout((5, 6, 7), (-0.1, 0.0, -0.3), "", "stop", loss_mask=(True, False, True)).sampled_logprobs
        (-0.1, -0.3)
        """
        return tuple(compress(self.logprobs, self.loss_mask)) if self.loss_mask else self.logprobs


@dataclass(frozen=True, slots=True)
class Reward:
    """r_i and what it is made of. `None` means not applicable: no reward function had anything to say."""

    total: float | None
    parts: Mapping[str, float | None] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict, compare=False)
    """What each part counts in the total; 1 for a part that is not named."""
    extra: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """What reward functions noted of the rollout, by column (`log_extra`)."""


@dataclass(frozen=True, slots=True)
class Group:
    """q, o_1…o_G and r_1…r_G: complete by construction."""

    prompt: Prompt
    rollouts: tuple[Rollout, ...]
    rewards: tuple[Reward, ...]

    def __post_init__(self) -> None:
        if len(self.rollouts) != len(self.rewards):
            raise ValueError(f"a group has {len(self.rollouts)} rollouts but {len(self.rewards)} rewards")

    @property
    def has_signal(self) -> bool:
        """Whether the rewards differ, so that the group can teach anything.

        >>> problem = Problem("1", "1 + 1?", "2")
        >>> rollouts = (Rollout((7,), (-0.1,), "2", "stop"), Rollout((8,), (-2.0,), "3", "stop"))
        >>> Group(Prompt(problem, (), ()), rollouts, (Reward(1.0), Reward(0.0))).has_signal
        True
        """
        totals = {reward.total for reward in self.rewards if reward.total is not None}
        return len(totals) > 1

    @property
    def fresh(self) -> "Group":
        """What was sampled in this step alone: the group without its replayed rollouts."""
        if not any(rollout.replayed for rollout in self.rollouts):
            return self
        pairs = zip(self.rollouts, self.rewards, strict=True)
        kept = [(rollout, reward) for rollout, reward in pairs if not rollout.replayed]
        return replace(self, rollouts=tuple(one for one, _ in kept), rewards=tuple(reward for _, reward in kept))


Outputs = Sequence[Sequence[Rollout]]
"""The rollouts of a step: one sequence of G per prompt, in the prompts' order."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A reward function that failed on a rollout."""

    reward: str
    problem: str | None
    """The problem's id; None where the function failed over the step but on no rollout of it alone."""
    sample: int | None
    """Which of the problem's rollouts, from 0."""
    what: str


@dataclass(frozen=True, slots=True)
class ComparisonTimeout:
    """A comparison of answers that was not finished; the answer then counts as not equal."""

    given: str
    gold: str
    what: str
    """What it did: `took longer than 5 s and was stopped`."""


@dataclass(frozen=True, slots=True)
class Graded:
    """Groups with their rewards, and what grading them said besides. `+` joins the rounds of a step."""

    groups: tuple[Group, ...]
    logged: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """By name, every value that reward functions logged (`log_metric`)."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    """Figures of a grader itself, of the step so far."""
    failures: tuple[Failure, ...] = ()
    """Reward functions that failed, in the order they did."""
    timeouts: tuple[ComparisonTimeout, ...] = ()
    """Comparisons of answers that ran out of time."""
    tokens: int = 0
    """Tokens that were sampled for them."""

    def __add__(self, other: "Graded") -> "Graded":
        names = sorted({*self.logged, *other.logged})
        return Graded(
            groups=self.groups + other.groups,
            logged={name: [*self.logged.get(name, ()), *other.logged.get(name, ())] for name in names},
            metrics={**self.metrics, **other.metrics},
            failures=self.failures + other.failures,
            timeouts=self.timeouts + other.timeouts,
            tokens=self.tokens + other.tokens,
        )


@dataclass(frozen=True, slots=True)
class Collected:
    """The experience of one step: what is learned from, and what it took to get it."""

    groups: tuple[Group, ...]
    logged: Mapping[str, float] = field(default_factory=dict)
    """The mean of what reward functions logged under each name, over all rounds of the step."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    """Figures of how it was collected: `dynamic/…`, `replay/…`."""
    tokens: int = 0
    """Tokens sampled for it, those of groups that are not learned from included."""

    @classmethod
    def of(cls, graded: Graded) -> "Collected":
        """All of the groups that were graded."""
        return cls(
            groups=graded.groups,
            logged={name: fmean(values) for name, values in sorted(graded.logged.items())},
            metrics=graded.metrics,
            tokens=graded.tokens,
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a careful reader says of one response, whatever the recipe's rewards are."""

    correct: bool
    """Strict: the answer that the response format points at equals the gold one."""
    lenient: bool
    """An answer found anywhere in the response equals the gold one."""
    answer: str | None
    """The answer as it stands in the response; None where there is none to be found."""
    formatted: bool
    """Whether the response keeps the layout."""
    marked: bool = False
    """Whether any mark of the layout stands in it."""


@dataclass(frozen=True, slots=True)
class GoldFailure:
    """A gold solution that does not score full marks under the recipe's own rewards."""

    problem: Problem
    response: str
    """The solution as the format renders it."""
    reward: Reward
    """All that it got."""
    full: float
    """Full marks."""
    short: Mapping[str, float | None]
    """The rewards that gave less than they can, and what they gave."""

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "id": self.problem.id,
            "question": self.problem.question,
            "answer": self.problem.answer,
            "response": self.response,
            "reward": self.reward.total,
            "full": self.full,
            "parts": dict(self.short),
        }
