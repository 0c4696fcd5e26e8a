"""Prompts that are prefilled together. What all of them begin with, such as a system prompt, is computed once.

Shapes: `q` prompts, `L` the longest of them, `p` tokens that all begin with; N = p + q (L − p) tokens are computed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor

from whet.batch import common_prefix

LEAST = 8
"""Tokens in common from which on computing them once is worth a second product of attention."""


def common_tokens(prompts: Sequence[Sequence[int]], hidden: int) -> int:
    """Returns p: how many tokens of several prompts are computed once, in a model `hidden` wide.

    Each prompt keeps one token of its own, its last. A layer has some 12 h² weights, so p tokens fewer spare 24 h² p
    FLOPs a prompt. What is left attends to all L by a mask, at 4 h (L − p) L, where all L attended causally at
    4 h L² / 2. So p pays where 6 h p > L (L / 2 − p): from half of a prompt on always, and in short prompts sooner.

    >>> common_tokens([[1] * 9 + [2, 3], [1] * 9 + [4], [1] * 9], 64), common_tokens([[1] * 7 + [2], [1] * 7 + [3]], 64)
    (8, 0)
    """
    if len(prompts) < 2:
        return 0
    common, longest = min(common_prefix(prompts), min(map(len, prompts)) - 1), max(map(len, prompts))
    return common if common >= LEAST and 6 * hidden * common > longest * (longest / 2 - common) else 0


@dataclass(frozen=True, slots=True)
class PromptBatch:
    """The layout of prompts for the layers: first the p tokens, then what each prompt has of its own, padded."""

    prompts: Sequence[Sequence[int]]
    shared: int
    """p."""
    width: int
    """L − p."""

    @classmethod
    def of(cls, prompts: Sequence[Sequence[int]], hidden: int) -> "PromptBatch":
        """Returns the layout that takes the least work in a model `hidden` wide."""
        shared = common_tokens(prompts, hidden)
        return cls(prompts, shared, max(map(len, prompts)) - shared)

    @property
    def tokens(self) -> list[int]:
        """The N tokens."""
        longest = self.shared + self.width
        own = ([*prompt[self.shared :], *[0] * (longest - len(prompt))] for prompt in self.prompts)
        return [*self.prompts[0][: self.shared], *chain.from_iterable(own)]

    @property
    def last(self) -> list[int]:
        """The place among the N of each prompt's last token."""
        return [place * self.width + len(prompt) - 1 for place, prompt in enumerate(self.prompts)]

    def positions(self, device: torch.device) -> Tensor:
        """Returns the position in its prompt of each of the N tokens, int64."""
        position_L = torch.arange(self.shared + self.width, device=device)
        return torch.cat([position_L[: self.shared], position_L[self.shared :].repeat(len(self.prompts))])

    def own(self, x: Tensor) -> Tensor:
        """Returns what belongs to the tokens of each prompt's own: `[q, L − p, …]` of `[N, …]`."""
        return x[self.shared :].view(len(self.prompts), self.width, *x.shape[1:])

    def whole(self, x: Tensor) -> Tensor:
        """Returns what belongs to all tokens of each prompt: `[q, L, …]` of `[N, …]`."""
        own = self.own(x)
        return torch.cat([x[: self.shared].expand(len(own), *[-1] * x.dim()), own], 1) if self.shared else own
