"""Examples for supervised fine-tuning, packed for the learner."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from whet.batch import Batch, common_prefix


@dataclass(frozen=True, slots=True)
class Example:
    """A prompt and its target response, as tokens, the end token included."""

    prompt: tuple[int, ...]
    response: tuple[int, ...]

    @property
    def tokens(self) -> int:
        """Tokens of prompt and response."""
        return len(self.prompt) + len(self.response)


@dataclass(frozen=True, slots=True)
class Examples:
    """A batch of examples; plays `whet.protocols.Splittable`."""

    all: Sequence[Example]

    def micro_batches(self, tokens: int) -> Iterator["Examples"]:
        """Yields consecutive parts of at most `tokens` prompt and response tokens, or of a single longer example."""
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
        return min(self.sizes)

    @property
    def sizes(self) -> list[int]:
        """Tokens of each example."""
        return [example.tokens for example in self.all]

    def units(self, keep: Sequence[int]) -> "Examples":
        """Returns the examples with these places."""
        return Examples([self.all[place] for place in keep])


def one_group(examples: Sequence[Example]) -> Batch:
    """Returns the examples as one group, whose shared prompt is their common prefix (system prompt, template).

    Rows are the rest of each prompt and its response; only response tokens count in the loss.
    """
    shared = common_prefix([example.prompt for example in examples])
    rows = [example.prompt[shared:] + example.response for example in examples]
    prompt_lengths_B = torch.tensor([len(example.prompt) - shared for example in examples])
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
        loss_mask_BT=mask_BT & (steps_T >= prompt_lengths_B[:, None]),
        advantage_B=torch.zeros(len(rows)),
        old_logprobs_BT=torch.zeros(mask_BT.shape),
    )
