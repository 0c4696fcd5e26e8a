"""The data types of a training step, each built from the one before.

`Problem → Prompt → Request → Completion → Rollout → Reward → Group → Graded → Collected`, all frozen. Standard library.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from statistics import fmean
from typing import Any, Literal

Message = Mapping[str, str]
"""One turn of a conversation: `{"role": "system" | "user" | "assistant", "content": text}`."""

Finish = Literal["stop", "length"]
"""Why a completion ended, as the engine reports it: an end token, or truncation at the limit of tokens."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A question with a known answer."""

    id: str
    question: str
    answer: str
    solution: str = ""
    """Worked reasoning that leads to the answer, without tags; empty when the data has none."""
    source: str = ""
    columns: Mapping[str, Any] = field(default_factory=dict)
    """Every column of the data under its own name, passed on to reward functions."""
    row: int | None = field(default=None, compare=False)
    """Its line or row number in its file, as an editor or a spreadsheet counts; None without a file."""
    turns: tuple[Message, ...] = ()
    """The turns before the question, where the data has them: a system turn, earlier questions and answers."""
    taken: Mapping[str, str] = field(default_factory=dict, compare=False)
    """By field (question, answer, solution, options), the column that it was taken from, where the data has columns."""

    @property
    def name(self) -> str:
        """What messages call it: its row, or without a file its id."""
        return self.id if self.row is None else f"row {self.row}"

    @property
    def asked(self) -> str:
        """The turns before the question, system turns left out, and the question: equal texts are one problem."""
        earlier = [turn["content"] for turn in self.turns if turn["role"] != "system"]
        return "\n\n".join([*earlier, self.question])


@dataclass(frozen=True, slots=True)
class Prompt:
    """q: a problem rendered for the policy, as chat messages and as tokens."""

    problem: Problem
    messages: tuple[Message, ...]
    tokens: tuple[int, ...]
    opening: str = ""
    """What the tokens already write of the response, such as `<think>` and a line break, by the chat template."""


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """Temperature, top-p and limit of tokens for sampling."""

    temperature: float = 1.0
    """Logits are divided by this; 0 takes the most likely token."""
    top_p: float = 1.0
    """Nucleus sampling: the smallest set of tokens whose probability reaches this (arXiv:1904.09751)."""
    max_tokens: int = 256
    """A completion is truncated after this many tokens."""


@dataclass(frozen=True, slots=True)
class Request:
    """An engine's input: a context, and a random key for each completion of it."""

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
    """An engine's output for one key of a request, its end-of-turn token included when `finish` is `stop`."""

    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]
    """log π_old(o_t | q, o_<t) in nats, one per token."""
    finish: Finish


@dataclass(frozen=True, slots=True)
class Rollout:
    """o_i: one sampled completion, its end-of-turn token included when `finish` is `stop`."""

    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]
    """log π_old(o_t | q, o_<t) in nats, one per token, recorded while sampling; 0 on tokens that a tool wrote."""
    text: str
    """The response as it is graded: the prompt's `opening` and the decoded completion, without its end token."""
    finish: Finish
    replayed: bool = False
    """Whether an earlier step sampled it: then log π_old is that of the policy at that step."""
    loss_mask: tuple[bool, ...] | None = None
    """False on tokens that a tool wrote; None where the policy sampled all of them."""

    def __post_init__(self) -> None:
        if len(self.tokens) != len(self.logprobs):
            raise ValueError(f"a rollout has {len(self.tokens)} tokens but {len(self.logprobs)} log-probabilities")
        if self.loss_mask is not None and len(self.tokens) != len(self.loss_mask):
            raise ValueError(f"a rollout has {len(self.tokens)} tokens but a loss mask of {len(self.loss_mask)}")

    @property
    def sampled_logprobs(self) -> tuple[float, ...]:
        """log π_old of the tokens that the policy sampled.

        >>> Rollout((5, 6, 7), (-0.1, 0.0, -0.3), "", "stop", loss_mask=(True, False, True)).sampled_logprobs
        (-0.1, -0.3)
        """
        return tuple(compress(self.logprobs, self.loss_mask)) if self.loss_mask else self.logprobs


@dataclass(frozen=True, slots=True)
class Reward:
    """r_i, the total and its parts by reward function. `None` means not applicable."""

    total: float | None
    parts: Mapping[str, float | None] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict, compare=False)
    """What each part counts in the total; 1 for a part that is not named."""
    extra: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """What reward functions noted of the rollout, by column (`log_extra`)."""


@dataclass(frozen=True, slots=True)
class Group:
    """A prompt q with its rollouts o_1…o_G and rewards r_1…r_G."""

    prompt: Prompt
    rollouts: tuple[Rollout, ...]
    rewards: tuple[Reward, ...]

    def __post_init__(self) -> None:
        if len(self.rollouts) != len(self.rewards):
            raise ValueError(f"a group has {len(self.rollouts)} rollouts but {len(self.rewards)} rewards")

    @property
    def has_signal(self) -> bool:
        """Whether the rewards differ, so that some advantage is not zero.

        >>> problem = Problem("1", "1 + 1?", "2")
        >>> rollouts = (Rollout((7,), (-0.1,), "2", "stop"), Rollout((8,), (-2.0,), "3", "stop"))
        >>> Group(Prompt(problem, (), ()), rollouts, (Reward(1.0), Reward(0.0))).has_signal
        True
        """
        totals = {reward.total for reward in self.rewards if reward.total is not None}
        return len(totals) > 1

    @property
    def fresh(self) -> "Group":
        """The group without its replayed rollouts."""
        if not any(rollout.replayed for rollout in self.rollouts):
            return self
        pairs = zip(self.rollouts, self.rewards, strict=True)
        kept = [(rollout, reward) for rollout, reward in pairs if not rollout.replayed]
        return replace(self, rollouts=tuple(one for one, _ in kept), rewards=tuple(reward for _, reward in kept))


Outputs = Sequence[Sequence[Rollout]]
"""The rollouts of a step: one sequence of G per prompt, in the prompts' order."""

TokenColumns = Mapping[int, Mapping[str, Sequence[Any]]]
"""What is known of tokens, by the place of a completion in its step: by name, a value for each token, or None."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A reward function that failed on a rollout."""

    reward: str
    problem: str | None
    """The problem's id; None where the function failed over the step but on no rollout of it alone."""
    sample: int | None
    """The index of the rollout in its group, from 0."""
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
    """Graded groups, with logged values, metrics and failures of the grading. `+` joins the rounds of a step."""

    groups: tuple[Group, ...]
    logged: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """By name, all values that reward functions logged (`log_metric`)."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    """Metrics of the grader itself, over the step so far."""
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
    """The experience of one step: the groups to learn from, and how they were collected."""

    groups: tuple[Group, ...]
    logged: Mapping[str, float] = field(default_factory=dict)
    """The mean of what reward functions logged under each name, over all rounds of the step."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    """Metrics of the collection: `dynamic/…`, `replay/…`."""
    tokens: int = 0
    """Tokens sampled for it, including groups that are not learned from."""
    sampled: tuple[Group, ...] = ()
    """The groups as they were sampled, where only a part of each is learned from; empty where all of it is."""
    dropped: tuple[Group, ...] = ()
    """Groups that were sampled for it and are not learned from: others took their place."""

    @classmethod
    def of(cls, graded: Graded) -> "Collected":
        """Returns the experience with all graded groups."""
        logged = {name: fmean(values) for name, values in sorted(graded.logged.items())}
        return cls(graded.groups, logged, graded.metrics, graded.tokens)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The correctness and format of one completion, independent of the recipe's rewards."""

    correct: bool
    """Strict: the answer in the place that the response format defines equals the gold one."""
    lenient: bool
    """An answer found anywhere in the completion equals the gold one."""
    answer: str | None
    """The answer as it stands in the completion; None where none is found."""
    formatted: bool
    """Whether the completion has the layout."""
    marked: bool = False
    """Whether the completion has any mark of the layout."""


@dataclass(frozen=True, slots=True)
class GoldFailure:
    """A gold solution that does not score full marks under the recipe's own rewards."""

    problem: Problem
    response: str
    """The solution as the format renders it."""
    reward: Reward
    """Its reward."""
    full: float
    """The full score."""
    short: Mapping[str, float | None]
    """The rewards below their largest value, and what they gave."""

    def as_dict(self) -> dict[str, Any]:
        """Returns the fields as JSON."""
        return {
            "id": self.problem.id,
            "question": self.problem.question,
            "answer": self.problem.answer,
            "response": self.response,
            "reward": self.reward.total,
            "full": self.full,
            "parts": dict(self.short),
        }
