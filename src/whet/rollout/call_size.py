"""How many requests an engine samples in one call: as many as its memory holds, and as its device computes well."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Self

from whet.models.dimensions import Dimensions
from whet.types import Request

SHARE = 0.7
"""The share of free memory for keys, values and logits: prefilling and the allocator's gaps need the rest."""

DRAW_BYTES = 16
"""For each entry of the vocabulary of a row: logits, float32 probabilities, and their copy in blocks."""

MOST_ROWS: Mapping[str, int] = {"cpu": 128, "cuda": 2048, "meta": 2048}
"""By device, the rows from which on more at once are no faster; meta stands for a GPU, as in benchmarks/cards.py."""


@dataclass(frozen=True, slots=True)
class SampleBytes:
    """What sampling takes in memory."""

    per_token: int
    """κ: keys and values of one token in all layers."""
    per_row: int
    """Logits and probabilities."""

    @classmethod
    def of(cls, model: Any) -> Self:
        """Reads a transformers model."""
        weight, found = next(model.parameters()), Dimensions.of(model.config)
        vocabulary = int(model.get_output_embeddings().weight.shape[0])
        each = weight.element_size() if weight.is_floating_point() else 2
        return cls(2 * found.layers * found.kv_heads * found.head_size * each, DRAW_BYTES * vocabulary)

    def of_request(self, request: Request, max_tokens: int) -> int:
        """Bytes of a prompt and its completions, all of them as long as they may be."""
        return self.per_token * (len(request.tokens) + len(request.keys) * max_tokens) + self.per_row * len(
            request.keys
        )


def rows_that_fit(requests: Sequence[Request], max_tokens: int, most: int, size: SampleBytes, free: int) -> int:
    """Returns how many rows a call has: `most`, halved until so many of the largest ones fit; at least one.

    In halves, as the last digits of a row may depend on the rows beside it: a little more or less memory, as between a
    run and its resumption, should not change them.
    """
    each = max((size.of_request(one, max_tokens) / len(one.keys) for one in requests if one.keys), default=0.0)
    while most > 1 and most * each > SHARE * free:
        most //= 2
    return most


def calls(requests: Sequence[Request], most_rows: int) -> Iterator[list[Request]]:
    """Splits requests, in order, into calls of equally many keys each; at least one request in each."""
    for keys, same in groupby(requests, lambda request: len(request.keys)):
        waiting = list(same)
        per_call = max(most_rows // max(keys, 1), 1)
        for start in range(0, len(waiting), per_call):
            yield waiting[start : start + per_call]


def halves(requests: Sequence[Request]) -> list[list[Request]]:
    """Splits a call that did not fit in two: its requests, or the keys of its only one; one row cannot be split."""
    if len(requests) > 1:
        middle = len(requests) // 2
        return [list(requests[:middle]), list(requests[middle:])]
    request = requests[0]
    middle = len(request.keys) // 2
    parts = (request.keys[:middle], request.keys[middle:]) if middle else (request.keys,)
    return [[Request(request.tokens, keys)] for keys in parts]
