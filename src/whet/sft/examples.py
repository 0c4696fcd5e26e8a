"""Solutions to imitate, packed for the learner."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile, zip_longest

import torch
from torch import Tensor

from whet.batch import Batch


@dataclass(frozen=True, slots=True)
class Example:
    """A prompt and the response to imitate, its end token included."""

    prompt: tuple[int, ...]
    response: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Packed:
    """Examples as rows over the tokens that all of their prompts begin with, which exist once."""

    batch: Batch
    target_BT: Tensor
    """bool `[B, T]`: True on the tokens to imitate: the responses, not the rest of the prompts."""


def pack(examples: Sequence[Example]) -> Packed:
    """The examples as one group: their common beginning (system prompt, template) is its shared prompt."""
    shared = common_prefix([example.prompt for example in examples])
    rows = [example.prompt[shared:] + example.response for example in examples]
    asked_B = torch.tensor([len(example.prompt) - shared for example in examples])
    lengths_B = torch.tensor([len(row) for row in rows])
    steps_T = torch.arange(int(lengths_B.max()))
    mask_BT = steps_T < lengths_B[:, None]
    tokens_BT = torch.zeros(mask_BT.shape, dtype=torch.long)
    tokens_BT[mask_BT] = torch.tensor([token for row in rows for token in row])
    batch = Batch(
        prompts=(torch.tensor(examples[0].prompt[:shared], dtype=torch.long),),
        group_B=torch.zeros(len(rows), dtype=torch.long),
        tokens_BT=tokens_BT,
        mask_BT=mask_BT,
        advantage_B=torch.zeros(len(rows)),
        old_logprobs_BT=torch.zeros(mask_BT.shape),
    )
    return Packed(batch, mask_BT & (steps_T >= asked_B[:, None]))


def common_prefix(rows: Sequence[Sequence[int]]) -> int:
    """How many tokens all rows begin with.

    >>> common_prefix([(1, 2, 3), (1, 2, 4)])
    2
    """
    same = takewhile(lambda column: len(set(column)) == 1, zip_longest(*rows))
    return sum(1 for _ in same)


def parts(examples: Sequence[Example], tokens: int) -> Iterator[Sequence[Example]]:
    """The examples in order, cut so that no part passes `tokens`, prompts and responses together."""
    start, used = 0, 0
    for index, example in enumerate(examples):
        cost = len(example.prompt) + len(example.response)
        if index > start and used + cost > tokens:
            yield examples[start:index]
            start, used = index, 0
        used += cost
    yield examples[start:]
