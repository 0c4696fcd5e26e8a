"""Rollouts in which somebody else speaks: a tool writes into the middle of a response, and the policy goes on."""

from collections.abc import Sequence
from dataclasses import replace

from whet.rollout.rng import key
from whet.rollout.rollouts import Rollouts
from whet.types import Completion, Outputs, Prompt, Request, Rollout

TOOL = (9, 33, 60)
"""What the tool writes."""

FIRST = 3
"""Tokens after which the policy is interrupted."""


class WithTool:
    """Plays `SampleFn`: two requests for each rollout, the tool's tokens between their completions."""

    def __init__(self, rollouts: Rollouts) -> None:
        self.rollouts = rollouts

    def __call__(self, prompts: Sequence[Prompt], n: int, step: int) -> Outputs:
        short = replace(self.rollouts, params=replace(self.rollouts.params, max_tokens=FIRST))
        return [
            [self._continued(prompt, rollout, key("after the tool", step, prompt.problem.id, number))
             for number, rollout in enumerate(some)]
            for prompt, some in zip(prompts, short(prompts, n, step), strict=True)
        ]  # fmt: skip

    def _continued(self, prompt: Prompt, first: Rollout, counter: int) -> Rollout:
        if first.finish == "stop":
            return first
        context = (*prompt.tokens, *first.tokens, *TOOL)
        ((second,),) = self.rollouts.sampler.generate([Request(context, (counter,))], self.rollouts.params)
        text = self.rollouts.tokenizer.decode((*first.tokens, *TOOL, *second.tokens), skip_special_tokens=True)
        return _joined(first, second, text)


def _joined(first: Rollout, second: Completion, text: str) -> Rollout:
    others = len(TOOL)
    return replace(
        first,
        text=text,
        tokens=(*first.tokens, *TOOL, *second.tokens),
        logprobs=(*first.logprobs, *[0.0] * others, *second.logprobs),
        loss_mask=(*[True] * len(first.tokens), *[False] * others, *[True] * len(second.tokens)),
        finish=second.finish,
    )
