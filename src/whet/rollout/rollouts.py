"""Samples rollouts of prompts: builds an engine's requests and decodes its completions."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from whet.protocols import Sampler
from whet.rollout.decode_text import decoded
from whet.rollout.rng import key
from whet.types import Completion, Outputs, Prompt, Request, Rollout, SamplingParams


@dataclass(frozen=True)
class Rollouts:
    """Plays `SampleFn`: samples from a loaded sampler, for one purpose and with fixed parameters."""

    sampler: Sampler
    tokenizer: Any
    params: SamplingParams
    seed: int
    purpose: str
    """Part of the random keys, so that training, check and evaluation have streams of their own."""

    def __call__(self, prompts: Sequence[Prompt], n: int, step: int) -> Outputs:
        """Returns `n` rollouts per prompt, in order. Equal (seed, step, problem, sample) give equal rollouts."""
        completions = self.sampler.generate(self.requests(prompts, n, step), self.params)
        texts = iter(decoded(self.tokenizer, [_content(one) for some in completions for one in some]))
        return [
            [_rollout(prompt, one, next(texts)) for one in some]
            for prompt, some in zip(prompts, completions, strict=True)
        ]

    def rollout(self, prompt: Prompt, one: Completion) -> Rollout:
        """Returns a completion of a prompt as a rollout."""
        (text,) = decoded(self.tokenizer, [_content(one)])
        return _rollout(prompt, one, text)

    def requests(self, prompts: Sequence[Prompt], n: int, step: int) -> list[Request]:
        """Returns the engine's requests; a repeated problem continues its sample count, so its keys stay distinct."""
        counts: Counter[str] = Counter()
        found = []
        for prompt in prompts:
            problem = prompt.problem.id
            samples = range(counts[problem], counts[problem] + n)
            keys = tuple(key(self.seed, self.purpose, step, problem, sample) for sample in samples)
            found.append(Request(prompt.tokens, keys))
            counts[problem] += n
        return found


def _rollout(prompt: Prompt, one: Completion, text: str) -> Rollout:
    return Rollout(one.tokens, one.logprobs, prompt.opening + text, one.finish)


def _content(completion: Completion) -> Sequence[int]:
    """The tokens without the one that ended the completion."""
    return completion.tokens[:-1] if completion.finish == "stop" else completion.tokens
