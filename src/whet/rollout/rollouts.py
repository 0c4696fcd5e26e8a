"""Rollouts of prompts through an engine: contexts and counters go in, completions come back and are decoded."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from whet.protocols import Sampler
from whet.rollout.rng import key
from whet.types import Completion, Outputs, Prompt, Request, Rollout, SamplingParams


@dataclass(frozen=True)
class Rollouts:
    """Plays `SampleFn`: what a loaded sampler answers, for one purpose and under one set of parameters."""

    sampler: Sampler
    tokenizer: Any
    params: SamplingParams
    seed: int
    purpose: str
    """Keeps the random numbers of training, check and evaluation apart."""

    def __call__(self, prompts: Sequence[Prompt], n: int, step: int) -> Outputs:
        """`n` rollouts for each prompt, in order. The same (seed, step, problem, sample) gives the same rollout."""
        completions = self.sampler.generate(self.requests(prompts, n, step), self.params)
        return [[self._rollout(completion) for completion in some] for some in completions]

    def requests(self, prompts: Sequence[Prompt], n: int, step: int) -> list[Request]:
        """What the engine is asked for; a problem that comes again goes on counting its samples."""
        asked: Counter[str] = Counter()
        found = []
        for prompt in prompts:
            problem = prompt.problem.id
            samples = range(asked[problem], asked[problem] + n)
            keys = tuple(key(self.seed, self.purpose, step, problem, sample) for sample in samples)
            found.append(Request(prompt.tokens, keys))
            asked[problem] += n
        return found

    def _rollout(self, completion: Completion) -> Rollout:
        tokens = completion.tokens
        said = tokens[:-1] if completion.finish == "stop" else tokens
        text = self.tokenizer.decode(said, skip_special_tokens=True)
        return Rollout(tokens, completion.logprobs, text, completion.finish)
