"""Our own sampler: a fused copy of the weights for every step, prompts read once, all rows in one batch."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch

from whet.rollout.engine.cuda_graph import GraphedDecoder
from whet.rollout.engine.decoder import Decoder
from whet.rollout.engine.fuse import fuse
from whet.rollout.engine.fused_weights import FusedWeights
from whet.rollout.engine.transformers_engine import ForwardEngine
from whet.rollout.generate import Drawn, Engine, generate
from whet.rollout.rng import key
from whet.rollout.sampling import SamplingParams
from whet.types import Finish, Outputs, Prompt, Rollout


class NativeSampler:
    """Plays the role of Sampler for any `AutoModelForCausalLM`.

    A temperature of 0 answers greedily. `purpose` keeps the random numbers of training, probing and evaluation
    apart.
    """

    def __init__(self, how: SamplingParams, max_tokens: int, seed: int, purpose: str, max_rows: int = 128) -> None:
        self.how = how
        self.max_tokens = max_tokens
        self.stream = (seed, purpose)
        self.max_rows = max_rows

    def load(self, policy: Any) -> None:
        """π_old ← π_θ: copies the weights, or borrows them where no fused copy is known."""
        self.tokenizer = policy.tokenizer
        self.end_tokens = policy.end_tokens()
        self.__dict__.pop("engine", None)  # give the last copy up before the next is made
        self.engine = ENGINES[policy.fused](policy.model)

    def sample(self, prompts: Sequence[Prompt], n: int, step: int) -> Outputs:
        """`n` rollouts for each prompt, in order."""
        per_call = max(self.max_rows // n, 1)
        keys = self._keys(prompts, n, step)
        calls = [slice(start, start + per_call) for start in range(0, len(prompts), per_call)]
        return [rollouts for call in calls for rollouts in self._sample_together(prompts[call], keys[call])]

    def stream_tokens(self, prompt: Prompt) -> Iterator[Drawn]:
        """One response, token by token, for reading along."""
        return self._generate([prompt], self._keys([prompt], 1, 0))

    def _keys(self, prompts: Sequence[Prompt], n: int, step: int) -> list[list[int]]:
        """The counters of each prompt's rows; a problem that comes again goes on counting its samples."""
        asked: Counter[str] = Counter()
        keys = []
        for problem in (prompt.problem.id for prompt in prompts):
            samples = range(asked[problem], asked[problem] + n)
            keys.append([key(*self.stream, step, problem, sample) for sample in samples])
            asked[problem] += n
        return keys

    def _generate(self, prompts: Sequence[Prompt], keys: Sequence[Sequence[int]]) -> Iterator[Drawn]:
        keys_R = torch.tensor(keys).flatten()
        tokens = [prompt.tokens for prompt in prompts]
        return generate(self.engine, tokens, keys_R, self.how, self.max_tokens, self.end_tokens)

    def _sample_together(self, prompts: Sequence[Prompt], keys: Sequence[Sequence[int]]) -> list[list[Rollout]]:
        n = len(keys[0])
        drawn: list[list[tuple[int, float]]] = [[] for _ in range(len(prompts) * n)]
        for some in self._generate(prompts, keys):
            for row, token, logprob in zip(some.rows, some.tokens, some.logprobs, strict=True):
                drawn[row].append((token, logprob))
        rollouts = [self._rollout(row) for row in drawn]
        return [rollouts[start : start + n] for start in range(0, len(rollouts), n)]

    def _rollout(self, drawn: list[tuple[int, float]]) -> Rollout:
        tokens, logprobs = zip(*drawn, strict=True)
        finish: Finish = "stop" if tokens[-1] in self.end_tokens else "length"
        said = tokens[:-1] if finish == "stop" else tokens
        return Rollout(tokens, logprobs, self.tokenizer.decode(said, skip_special_tokens=True), finish)


def fused_decoder(model: Any) -> Engine:
    """The fused decoder, its steps recorded where that can be done."""
    weights = fuse(model)
    return DECODERS[weights.embedding.device.type](weights)


DECODERS: Mapping[str, Callable[[FusedWeights], Engine]] = {"cpu": Decoder, "cuda": GraphedDecoder}
"""By the kind of device."""

ENGINES: Mapping[bool, Callable[[Any], Engine]] = {True: fused_decoder, False: ForwardEngine}
"""By whether the fast paths know the model."""
