"""Samples rollouts of prompts: builds an engine's requests and decodes its completions."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from whet.protocols import Sampler
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
        pairs = zip(prompts, completions, strict=True)
        return [[self._rollout(completion, prompt.opening) for completion in some] for prompt, some in pairs]

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

    def _rollout(self, completion: Completion, opening: str) -> Rollout:
        tokens = completion.tokens
        content = tokens[:-1] if completion.finish == "stop" else tokens
        text = self.tokenizer.decode(content, skip_special_tokens=False)  # tags may be special tokens
        return Rollout(tokens, completion.logprobs, opening + text, completion.finish)
