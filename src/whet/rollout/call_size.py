"""How many rows an engine samples at a time: as many as its memory holds, and as its device computes well."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
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
    page: int = 1
    """Tokens for which memory is taken at a time."""

    @classmethod
    def of(cls, model: Any) -> Self:
        """Reads a transformers model."""
        weight, found = next(model.parameters()), Dimensions.of(model.config)
        vocabulary = int(model.get_output_embeddings().weight.shape[0])
        each = weight.element_size() if weight.is_floating_point() else 2
        return cls(2 * found.layers * found.kv_heads * found.head_size * each, DRAW_BYTES * vocabulary)

    def taken(self, tokens: int) -> int:
        """Tokens for which a row or a prompt of so many takes memory."""
        return -(-tokens // self.page) * self.page

    def of_request(self, request: Request, max_tokens: int) -> int:
        """Bytes of a prompt and its completions, all of them as long as they may be."""
        rows = len(request.keys)
        tokens = self.taken(len(request.tokens)) + rows * self.taken(max_tokens)
        return self.per_token * tokens + self.per_row * rows


def rows_that_fit(requests: Sequence[Request], max_tokens: int, most: int, size: SampleBytes, free: int) -> int:
    """Returns how many rows are sampled at a time: `most`, halved until so many of the largest ones fit; at least one.

    In halves, as the last digits of a row may depend on the rows beside it: a little more or less memory, as between a
    run and its resumption, should not change them.
    """
    each = _largest(requests, max_tokens, size)
    while most > 1 and most * each > SHARE * free:
        most //= 2
    return most


def _largest(requests: Sequence[Request], max_tokens: int, size: SampleBytes) -> float:
    """The bytes of the row that takes most, with its share of its prompt, were all as long as they may be."""
    return max((size.of_request(one, max_tokens) / len(one.keys) for one in requests if one.keys), default=0.0)


NOTHING = SampleBytes(per_token=0, per_row=0)
"""Stands for rows that take no memory."""


@dataclass(frozen=True, slots=True)
class CallLimits:
    """How much is sampled at a time."""

    rows: int
    bytes: float = inf
    """Of keys, values and logits."""
    size: SampleBytes = NOTHING

    @classmethod
    def of(cls, requests: Sequence[Request], max_tokens: int, most: int, size: SampleBytes, free: int) -> Self:
        """Returns those for at most `most` rows in `free` bytes: what `rows_that_fit` rows of full length take."""
        rows = rows_that_fit(requests, max_tokens, most, size, free)
        bytes_ = inf if rows == most else rows * _largest(requests, max_tokens, size)
        return cls(most, bytes_, size)

    def hold(self, rows: int, tokens: float) -> bool:
        """Whether rows with so many tokens, those of their prompts included, are within the limits."""
        return rows <= self.rows and self.bytes_of(rows, tokens) <= self.bytes

    def bytes_of(self, rows: int, tokens: float) -> float:
        """What they take."""
        return self.size.per_row * rows + self.size.per_token * tokens

    def full_rows(self, requests: Sequence[Request], max_tokens: int) -> "CallLimits":
        """Returns the limits of an engine that has room for all tokens of a row from the start."""
        each = _largest(requests, max_tokens, self.size)
        return CallLimits(self.rows if self.bytes == inf else max(int(self.bytes // each), 1))

    def halved(self, rows: int) -> "CallLimits":
        """Returns the limits to go on with where memory did not suffice for `rows` of them."""
        return CallLimits(rows // 2, self.bytes / 2, self.size)


class OutOfMemoryError(MemoryError):
    """Memory did not suffice for so many rows, which were sampled together."""

    def __init__(self, rows: int) -> None:
        super().__init__(f"out of memory sampling {rows} rows at once")
        self.rows = rows


def halves(request: Request) -> list[Request]:
    """Splits the keys of a request in two; raises `ValueError` for one of fewer than two."""
    middle = len(request.keys) // 2
    if not middle:
        raise ValueError("one row cannot be split")
    return [Request(request.tokens, keys) for keys in (request.keys[:middle], request.keys[middle:])]
