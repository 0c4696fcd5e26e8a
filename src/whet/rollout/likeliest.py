"""The likeliest tokens at each position of a row."""

from collections.abc import Sequence
from typing import Any

import torch

from whet.rollout.engine.transformers_engine import TransformersEngine


class Likeliest:
    """The most likely tokens at each position of one row, by the model's own forward with a cache."""

    def __init__(self, model: Any, prompt: Sequence[int], count: int, temperature: float, longest: int) -> None:
        """`temperature` is that of sampling; 0 stands for the distribution at 1, as in `whet.rollout.sampling.draw`."""
        self._engine = TransformersEngine(model)
        self._count, self._temperature = count, temperature or 1.0
        self._logits_1V = self._engine.start([prompt], 1, longest)

    def before(self, token: int) -> tuple[tuple[int, float], ...]:
        """Returns (token, log-probability in nats), likeliest first, where `token` was drawn; then appends `token`."""
        logprobs_V = (self._logits_1V[0].float() / self._temperature).log_softmax(-1)
        values, ids = logprobs_V.topk(min(self._count, len(logprobs_V)))
        self._logits_1V = self._engine.advance(torch.tensor([token], device=ids.device))
        return tuple(zip(ids.tolist(), values.tolist(), strict=True))
