"""The sampling loop: draws tokens for every row and drops ended rows, until none is left."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress

import torch
from torch import Tensor

from whet.rollout.burst import Burst, Engine
from whet.types import SamplingParams


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
    burst, rows = _begun(engine, prompts, keys_R, params, end_tokens), list(range(len(keys_R)))
    drawn, under_way = 1, deque([burst.fetched(1)])
    while under_way or drawn < params.max_tokens:
        count = min(engine.burst_tokens, params.max_tokens - drawn)
        if count and len(under_way) <= engine.looks_behind:
            with engine.no_gradient():
                engine.further(burst, count)
            under_way.append(burst.fetched(count))
            drawn += count
            continue
        looked_at = list(_positions(rows, *under_way.popleft()()))
        yield from (each for each in looked_at if each.rows)
        last = zip(looked_at[-1].rows, looked_at[-1].tokens, strict=True)
        unfinished = {row for row, token in last if token not in end_tokens}
        if not unfinished:
            return
        if len(unfinished) < engine.compaction_threshold * len(rows):
            kept = torch.tensor([place for place, row in enumerate(rows) if row in unfinished], device=engine.device)
            rows = [row for row in rows if row in unfinished]
            engine.keep(kept)
            burst.keep(kept)


def _begun(
    engine: Engine,
    prompts: Sequence[Sequence[int]],
    keys_R: Tensor,
    params: SamplingParams,
    end_tokens: frozenset[int],
) -> Burst:
    """Prefills the prompts and draws the first token of every row."""
    with engine.no_gradient():
        logits_RV = engine.start(prompts, len(keys_R) // len(prompts), params.max_tokens)
        burst = engine.new_burst(len(keys_R))
        burst.begin(keys_R, params, end_tokens)
        burst.take(logits_RV)
    return burst


def _positions(rows: Sequence[int], tokens_NR: Tensor, logprobs_NR: Tensor, wanted_NR: Tensor) -> Iterator[Drawn]:
    """The tokens of each position of a burst, without those of rows that had ended."""
    for tokens, logprobs, wanted in zip(tokens_NR.tolist(), logprobs_NR.tolist(), wanted_NR.tolist(), strict=True):
        columns = (tuple(compress(column, wanted)) for column in (rows, tokens, logprobs))
        yield Drawn(*columns)
