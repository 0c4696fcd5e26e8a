"""The words of Whet: what flows through a training step, each stage building the next.

`Problem → Prompt → Rollout → Reward → Group`. Every type is frozen and complete when made; nothing is
half-filled and no field changes its meaning on the way. Standard library only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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
class Rollout:
    """o_i: one sampled response, its end-of-turn token included when `finish` is `stop`."""

    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]
    """log π_old(o_t | q, o_<t) in nats, one per token, recorded while sampling."""
    text: str
    """The response as people read it: special tokens left out."""
    finish: Finish
    replayed: bool = False
    """Whether an earlier step sampled it: then log π_old is of the policy of that step."""

    def __post_init__(self) -> None:
        if len(self.tokens) != len(self.logprobs):
            raise ValueError(f"a rollout has {len(self.tokens)} tokens but {len(self.logprobs)} log-probabilities")


@dataclass(frozen=True, slots=True)
class Reward:
    """r_i and what it is made of. `None` means not applicable: no reward function had anything to say."""

    total: float | None
    parts: Mapping[str, float | None] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict, compare=False)
    """What each part counts in the total; 1 for a part that is not named."""


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
