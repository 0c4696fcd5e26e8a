"""Solutions to imitate, packed for the learner."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile, zip_longest

import torch

from whet.batch import Batch


@dataclass(frozen=True, slots=True)
class Example:
    """A prompt and the response to imitate, its end token included."""

    prompt: tuple[int, ...]
    response: tuple[int, ...]

    @property
    def tokens(self) -> int:
        """Tokens of both."""
        return len(self.prompt) + len(self.response)


@dataclass(frozen=True, slots=True)
class Examples:
    """Examples that are learned from together; plays `whet.protocols.Splittable`."""

    all: Sequence[Example]

    def micro_batches(self, tokens: int) -> Iterator["Examples"]:
        """The examples in order, cut so that no part passes `tokens`, prompts and responses together."""
        start, used = 0, 0
        for index, example in enumerate(self.all):
            if index > start and used + example.tokens > tokens:
                yield Examples(self.all[start:index])
                start, used = index, 0
            used += example.tokens
        yield Examples(self.all[start:])

    @property
    def smallest(self) -> int:
        """Tokens of the shortest example."""
        return min(example.tokens for example in self.all)


def one_group(examples: Sequence[Example]) -> Batch:
    """The examples as one group: their common beginning (system prompt, template) is its shared prompt.

    What counts in the loss are the responses, not the rest of the prompts.
    """
    shared = common_prefix([example.prompt for example in examples])
    rows = [example.prompt[shared:] + example.response for example in examples]
    asked_B = torch.tensor([len(example.prompt) - shared for example in examples])
    lengths_B = torch.tensor([len(row) for row in rows])
    steps_T = torch.arange(int(lengths_B.max()))
    mask_BT = steps_T < lengths_B[:, None]
    tokens_BT = torch.zeros(mask_BT.shape, dtype=torch.long)
    tokens_BT[mask_BT] = torch.tensor([token for row in rows for token in row])
    return Batch(
        prompts=(torch.tensor(examples[0].prompt[:shared], dtype=torch.long),),
        group_B=torch.zeros(len(rows), dtype=torch.long),
        tokens_BT=tokens_BT,
        mask_BT=mask_BT,
        loss_mask_BT=mask_BT & (steps_T >= asked_B[:, None]),
        advantage_B=torch.zeros(len(rows)),
        old_logprobs_BT=torch.zeros(mask_BT.shape),
    )


def common_prefix(rows: Sequence[Sequence[int]]) -> int:
    """How many tokens all rows begin with.

    >>> common_prefix([(1, 2, 3), (1, 2, 4)])
    2
    """
    same = takewhile(lambda column: len(set(column)) == 1, zip_longest(*rows))
    return sum(1 for _ in same)
