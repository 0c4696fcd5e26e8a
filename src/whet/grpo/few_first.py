"""Samples a few rollouts of each prompt first, and the rest of its group only where their rewards differ.

Where the few are all right or all wrong, the rest seldom differs from them, and a group without differences teaches
nothing: the tokens are spared. As one-shot dynamic sampling (DAPO, arXiv:2503.14476, §3.2) within a group.

What it does to the gradient: whether a group goes on depends on its rewards. A prompt that is right with probability p
goes on with 1 − pᵏ − (1 − p)ᵏ for k first rollouts, so prompts near p = ½ count for more, and within a group right and
wrong answers are moved towards being equally frequent. With two values of reward the direction for a prompt stays that
of ∇p: given its reward a rollout is drawn as ever, so that E[∇ log π | right] − E[∇ log π | wrong] = ∇p / (p(1 − p)),
scaled by a factor that is not negative. With more values the weights between them change too.
"""

from collections.abc import Sequence
from dataclasses import replace

from whet.config import GrpoConfig
from whet.grpo.experience import OnPolicy
from whet.protocols import Grader, Problems, SampleFn
from whet.types import Graded, Group, Prompt


class FewFirst(OnPolicy):
    """Plays `Experience`: as `OnPolicy`, with groups of `first` rollouts where these have no signal."""

    def __init__(
        self, problems: Problems, sample: SampleFn, further: SampleFn, grader: Grader, config: GrpoConfig, first: int
    ) -> None:
        """`further` samples what comes after the first rollouts, with random numbers of its own."""
        super().__init__(problems, sample, grader, config)
        self.further, self.first = further, first

    def ask(self, prompts: Sequence[Prompt], step: int) -> Graded:
        """A group for each prompt, in order."""
        graded = self.graded(self.sample(prompts, self.first, step), prompts, step)
        places = [place for place, group in enumerate(graded.groups) if group.has_signal]
        if not places:
            return graded
        going = [prompts[place] for place in places]
        rest = self.graded(self.further(going, self.config.group_size - self.first, step), going, step)
        groups = list(graded.groups)
        for place, more in zip(places, rest.groups, strict=True):
            groups[place] = _joined(groups[place], more)
        return replace(graded + rest, groups=tuple(groups))


def _joined(group: Group, more: Group) -> Group:
    return replace(group, rollouts=group.rollouts + more.rollouts, rewards=group.rewards + more.rewards)
