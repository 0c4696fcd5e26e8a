"""The sampling loop: draws a token for every row and drops ended rows, until none is left."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from whet.rollout.rng import uniforms
from whet.rollout.sampling import draw
from whet.types import SamplingParams


class Engine(Protocol):
    """Prefills prompts, then computes logits token by token (`whet.rollout.engine.decoder.Decoder` and others)."""

    eos_check_interval: int
    """Tokens between two checks for ended rows: each one synchronises with the GPU."""
    compaction_threshold: float
    """Ended rows are dropped once fewer than this share of rows is unfinished."""

    def start(self, prompts: Sequence[Sequence[int]], rows_per_prompt: int, longest_response: int) -> Tensor:
        """Prefills the prompts; returns the logits of each row's first token, `[R, V]`."""
        ...

    def advance(self, tokens_R: Tensor) -> Tensor:
        """Appends one token to each row; returns the logits of the next, `[R, V]`."""
        ...

    def keep(self, rows: Tensor) -> None:
        """Drops all rows but these."""
        ...


@dataclass(frozen=True, slots=True)
class Drawn:
    """The tokens drawn at one position, for the unfinished rows."""

    rows: tuple[int, ...]
    """Indices among all rows."""
    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]


def generate(
    engine: Engine,
    prompts: Sequence[Sequence[int]],
    keys_R: Tensor,
    params: SamplingParams,
    end_tokens: frozenset[int],
) -> Iterator[Drawn]:
    """Yields the tokens of each position until every row has ended or `params.max_tokens` are drawn.

    `keys_R` holds the random key of each row (`whet.rollout.rng.key`), rows of a prompt being neighbours.
    """
    max_tokens = params.max_tokens
    logits_RV = engine.start(prompts, len(keys_R) // len(prompts), max_tokens)
    rows_R = torch.arange(len(keys_R), device=logits_RV.device)
    keys_R = keys_R.to(logits_RV.device)
    alive_R = torch.ones_like(rows_R, dtype=torch.bool)
    ends = torch.tensor(sorted(end_tokens), device=logits_RV.device)
    # drawn tokens stay on the device for a few positions: each transfer synchronises with the GPU
    pending: list[tuple[Tensor, ...]] = []
    for position in range(max_tokens):
        uniform_R = uniforms(keys_R, torch.full_like(keys_R, position))
        tokens_R, logprobs_R = draw(logits_RV, uniform_R, params)
        pending.append((alive_R, rows_R, tokens_R, logprobs_R))
        alive_R = alive_R & ~torch.isin(tokens_R, ends)
        if len(pending) == engine.eos_check_interval or position + 1 == max_tokens:
            yield from _transferred(pending)
            pending = []
            unfinished = int(alive_R.sum())
            if unfinished == 0:
                return
            if unfinished < engine.compaction_threshold * len(rows_R):
                kept = alive_R.nonzero().flatten()
                engine.keep(kept)
                rows_R, keys_R, tokens_R, alive_R = rows_R[kept], keys_R[kept], tokens_R[kept], alive_R[kept]
        if position + 1 < max_tokens:
            logits_RV = engine.advance(tokens_R)


def _transferred(pending: Sequence[tuple[Tensor, ...]]) -> Iterator[Drawn]:
    """Transfers the drawn tokens of unfinished rows, position by position; skips positions without any."""
    for alive_R, *columns in pending:
        drawn = Drawn(*(tuple(column[alive_R].tolist()) for column in columns))
        if drawn.rows:
            yield drawn
