"""The layout of a packed sequence: `[prompt_1 | its completions … | prompt_2 | its completions …]`.

No padding and each prompt once; the position ids of every completion start after its prompt. The body of a model then
runs on P + ΣC tokens in place of Σ(P + C).
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class Packing(NamedTuple):
    """Index tensors of a packed sequence of N tokens.

    `P` prompts padded to `L` tokens; `B` completions padded to `T`, those of a prompt neighbours. Empty places point at
    token 0, and are False in the masks.
    """

    positions_N: Tensor
    """int64: the position id of each token, counted from the start of its prompt."""
    group_B: Tensor
    """int64, ascending: the prompt of each completion."""
    prompt_PL: Tensor
    """int64: index in the packed sequence of each prompt token."""
    real_PL: Tensor
    """bool: which places of `prompt_PL` hold a token."""
    response_BT: Tensor
    """int64: index in the packed sequence of each completion token."""
    real_BT: Tensor
    """bool: which places of `response_BT` hold a token."""
    before_BT: Tensor
    """int64: index in the packed sequence of the token that predicts each completion token."""


def ranks(group_B: Tensor) -> Tensor:
    """Returns how many rows of the same group come before each, for an ascending `group_B`.

    >>> ranks(torch.tensor([0, 0, 2, 2, 2])).tolist()
    [0, 1, 0, 1, 2]
    """
    # rows of a group are neighbours, so the first place of a group in the sorted `group_B` gives each row its rank
    return torch.arange(len(group_B)) - torch.searchsorted(group_B, group_B)


def pack(prompt_lengths: Sequence[int], group_B: Tensor, lengths_B: Tensor) -> Packing:
    """Returns the layout for prompts and completions of these lengths; `group_B`, a row's prompt, must ascend."""
    prompts = torch.tensor(prompt_lengths)
    responses_P = torch.zeros_like(prompts).index_add(0, group_B, lengths_B)
    # an exclusive cumulative sum: where each prompt, followed by all of its responses, begins
    group_start_P = (prompts + responses_P).cumsum(0) - prompts - responses_P
    start_B = lengths_B.cumsum(0) - lengths_B + prompts.cumsum(0)[group_B]  # prompts up to its own, completions before
    steps_L, steps_T = torch.arange(int(prompts.max())), torch.arange(int(lengths_B.max()))
    # places that hold no token point at token 0, and are masked wherever they are read
    real_PL, real_BT = steps_L < prompts[:, None], steps_T < lengths_B[:, None]
    prompt_PL = torch.where(real_PL, group_start_P[:, None] + steps_L, 0)
    response_BT = torch.where(real_BT, start_B[:, None] + steps_T, 0)
    # a completion's first token is predicted by the last one of its prompt, every other by the one before it
    last_of_prompt_B = (group_start_P + prompts - 1)[group_B]
    before_BT = torch.where(steps_T == 0, last_of_prompt_B[:, None], response_BT - 1).clamp(min=0)
    # (packed index, position id) of every token: prompts count from 0, completions go on after their prompt
    index = torch.cat([prompt_PL[real_PL], response_BT[real_BT]])
    position = torch.cat([steps_L.expand_as(real_PL)[real_PL], (prompts[group_B, None] + steps_T)[real_BT]])
    return Packing(
        positions_N=torch.empty_like(index).scatter(0, index, position),
        group_B=group_B,
        prompt_PL=prompt_PL,
        real_PL=real_PL,
        response_BT=response_BT,
        real_BT=real_BT,
        before_BT=before_BT,
    )
