"""Replays correct rollouts of rarely solved problems in later groups without a signal.

A group whose rewards are all equal has no policy gradient. With replay one of its rollouts is replaced by a correct one
that an earlier step sampled for the same problem. As in ExGRPO (arXiv:2510.02245) correct rollouts are kept by problem
and its pass rate, and dropped once it is above a limit; as with RePO's recency (arXiv:2506.09340) the newest is taken.
ρ = π_θ / π_old uses the log-probabilities recorded at sampling time: the importance ratio of off-policy learning,
clipped like any other.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import fmean
from typing import Any

from whet.config import ReplayConfig
from whet.grpo.saved_rollout import restored_rollout, saved_rollout
from whet.protocols import Grader
from whet.types import ComparisonTimeout, Graded, Group, Outputs, Problem, Prompt, Reward, Rollout

IsRight = Callable[[Rollout, Reward, Problem], bool]
"""Whether a graded rollout answers its problem rightly."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A correct rollout of a rarely solved problem."""

    rollout: Rollout
    reward: Reward
    step: int
    """The step that sampled it."""


class Replay:
    """Plays `Grader`: wraps another one and puts kept rollouts into groups without a signal."""

    def __init__(
        self,
        grader: Grader,
        is_right: IsRight,
        config: ReplayConfig,
        take_timeouts: Callable[[], Sequence[ComparisonTimeout]] = tuple,
    ) -> None:
        """`take_timeouts` gives the comparisons of `is_right` that ran out of time since it was last called."""
        self.grader, self.is_right, self.config, self.take_timeouts = grader, is_right, config, take_timeouts
        self.seen: dict[str, tuple[int, int]] = {}
        """By problem: the number of correct rollouts, and of all."""
        self.kept: dict[str, list[Kept]] = {}
        """By problem: its newest correct rollouts; problems in the order of their last one."""
        self.step, self.ages = -1, list[int]()
        """The current step, and the age in steps of each of its replayed rollouts."""

    def grade(self, prompts: Sequence[Prompt], outputs: Outputs, step: int) -> Graded:
        """Returns one group per prompt, in order; a replayed rollout replaces the last of its group."""
        if step != self.step:
            self.step, self.ages = step, []
        graded = self.grader.grade(prompts, outputs, step)
        given = tuple(self._with_signal(group) for group in graded.groups)
        for group in graded.groups:
            self._observe(group)
        timeouts = (*graded.timeouts, *self.take_timeouts())
        return replace(graded, groups=given, metrics={**graded.metrics, **self._metrics()}, timeouts=timeouts)

    def _metrics(self) -> dict[str, float]:
        """Number and mean age of the rollouts replayed in this step so far, and of problems with kept ones."""
        return {
            "replay/rollouts": float(len(self.ages)),
            "replay/age": fmean(self.ages) if self.ages else 0.0,
            "replay/problems": float(len(self.kept)),
        }

    def _with_signal(self, group: Group) -> Group:
        """The group; where its rewards are all equal and a kept one is higher, with that in the last place."""
        kept = self.kept.get(group.prompt.problem.id)
        others = [reward.total for reward in group.rewards[:-1] if reward.total is not None]
        if group.has_signal or not kept or not others:
            return group
        newest = kept[-1]
        reward = _weighed(newest.reward, group.rewards[-1].weights)
        if reward.total is None or reward.total <= others[0]:
            return group
        self.ages.append(self.step - newest.step)
        rollouts, rewards = (*group.rollouts[:-1], newest.rollout), (*group.rewards[:-1], reward)
        return replace(group, rollouts=rollouts, rewards=rewards)

    def _observe(self, group: Group) -> None:
        """Counts the correct rollouts, and keeps them while the problem's pass rate is low."""
        problem = group.prompt.problem
        pairs = zip(group.rollouts, group.rewards, strict=True)
        right = [self.is_right(rollout, reward, problem) for rollout, reward in pairs]
        solved, tried = self.seen.get(problem.id, (0, 0))
        solved, tried = self.seen[problem.id] = solved + sum(right), tried + len(right)
        if solved / tried > self.config.pass_rate:
            self.kept.pop(problem.id, None)
            return
        found = zip(group.rollouts, group.rewards, right, strict=True)
        new = [Kept(replace(one, replayed=True), reward, self.step) for one, reward, is_right in found if is_right]
        if new:
            self.kept[problem.id] = [*self.kept.pop(problem.id, []), *new][-self.config.responses :]
        while len(self.kept) > self.config.capacity:  # dicts keep insertion order, so the first is the oldest
            del self.kept[next(iter(self.kept))]

    def state_dict(self) -> dict[str, Any]:
        """Returns counts and kept rollouts as JSON."""
        kept = {problem: [_saved(one) for one in some] for problem, some in self.kept.items()}
        return {"seen": dict(self.seen), "kept": kept}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores the state from `state_dict`, also after a round trip through JSON."""
        self.seen = {problem: (int(solved), int(tried)) for problem, (solved, tried) in state["seen"].items()}
        self.kept = {problem: [_kept(one) for one in some] for problem, some in state["kept"].items()}


def _weighed(reward: Reward, weights: Mapping[str, float]) -> Reward:
    """The reward with its parts at this step's weights, which a schedule may have changed."""
    given = [weights[name] * value for name, value in reward.parts.items() if name in weights and value is not None]
    return replace(reward, total=sum(given), weights=weights) if given else reward


def _saved(kept: Kept) -> dict[str, Any]:
    return {"rollout": saved_rollout(kept.rollout), "reward": asdict(kept.reward), "step": kept.step}


def _kept(told: Mapping[str, Any]) -> Kept:
    return Kept(restored_rollout(told["rollout"]), Reward(**told["reward"]), told["step"])
