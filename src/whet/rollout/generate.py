"""The sampling loop: draw a token for every row, drop the rows that ended, until none is left."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from whet.rollout.rng import uniforms
from whet.rollout.sampling import draw
from whet.types import SamplingParams


class Engine(Protocol):
    """Reads prompts, then yields logits token by token (`whet.rollout.engine.decoder.Decoder` and others)."""

    eos_check_interval: int
    """Tokens between two looks at which rows have ended: looking makes a GPU wait."""
    compaction_threshold: float
    """Ended rows are dropped once fewer than this share of the rows is still under way."""

    def start(self, prompts: Sequence[Sequence[int]], rows_per_prompt: int, longest_response: int) -> Tensor:
        """The logits of each row's first token, `[R, V]`."""
        ...

    def advance(self, tokens_R: Tensor) -> Tensor:
        """Appends one token to each row; the logits of the next, `[R, V]`."""
        ...

    def keep(self, rows: Tensor) -> None:
        """Goes on with these rows only."""
        ...


@dataclass(frozen=True, slots=True)
class Drawn:
    """One token each for some rows."""

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

    `keys_R` holds the counter of each row (`whet.rollout.rng.key`), rows of a prompt being neighbours.
    """
    max_tokens = params.max_tokens
    logits_RV = engine.start(prompts, len(keys_R) // len(prompts), max_tokens)
    rows_R = torch.arange(len(keys_R), device=logits_RV.device)
    keys_R = keys_R.to(logits_RV.device)
    alive_R = torch.ones_like(rows_R, dtype=torch.bool)
    ends = torch.tensor(sorted(end_tokens), device=logits_RV.device)
    # what was drawn is told every few positions only: reading it makes a GPU wait
    untold: list[tuple[Tensor, ...]] = []
    for position in range(max_tokens):
        uniform_R = uniforms(keys_R, torch.full_like(keys_R, position))
        tokens_R, logprobs_R = draw(logits_RV, uniform_R, params)
        untold.append((alive_R, rows_R, tokens_R, logprobs_R))
        alive_R = alive_R & ~torch.isin(tokens_R, ends)
        if len(untold) == engine.eos_check_interval or position + 1 == max_tokens:
            yield from _told(untold)
            untold = []
            under_way = int(alive_R.sum())
            if under_way == 0:
                return
            if under_way < engine.compaction_threshold * len(rows_R):
                kept = alive_R.nonzero().flatten()
                engine.keep(kept)
                rows_R, keys_R, tokens_R, alive_R = rows_R[kept], keys_R[kept], tokens_R[kept], alive_R[kept]
        if position + 1 < max_tokens:
            logits_RV = engine.advance(tokens_R)


def _told(untold: Sequence[tuple[Tensor, ...]]) -> Iterator[Drawn]:
    """What was drawn at each position for the rows that were under way; at some positions there was none."""
    for alive_R, *columns in untold:
        drawn = Drawn(*(tuple(column[alive_R].tolist()) for column in columns))
        if drawn.rows:
            yield drawn
