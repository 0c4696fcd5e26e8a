"""The layout of a packed sequence: `[prompt_1 | its completions … | prompt_2 | its completions …]`.

No padding and each prompt once; the position ids of every completion start after its prompt. The body of a model then
runs on P + ΣC tokens in place of Σ(P + C).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Packing:
    """Index tensors and masks of a packed sequence of N tokens.

    `P` prompts padded to `L` tokens; `B` completions padded to `T`, in a grid of `W` places for each prompt. Empty
    places point at token 0, and are False in the masks.
    """

    positions_N: Tensor
    """int64: the position id of each token, counted from the start of its prompt."""
    prompt_PL: Tensor
    """int64: index in the packed sequence of each prompt token."""
    response_BT: Tensor
    """int64: index in the packed sequence of each completion token."""
    grid_PWT: Tensor
    """int64: the same, with completions grouped by prompt."""
    real_PL: Tensor
    """bool: which places of `prompt_PL` hold a token."""
    real_PWT: Tensor
    """bool: which places of `grid_PWT` hold a token."""
    future_LL: Tensor
    """bool `[1, L, L]`: True where a prompt token must not attend to a token of its prompt."""
    hidden_PTS: Tensor
    """bool `[P, T, L + T]`: True where a completion token must not attend to a token of [its prompt ‖ itself]."""
    place_N: Tensor
    """int64: for each packed token, its place in the concatenation of the flattened `[P, L]` and `[P, W, T]`."""
    before_BT: Tensor
    """int64: index in the packed sequence of the token that predicts each completion token."""

    @property
    def prompt_P1L(self) -> Tensor:
        """`prompt_PL` as a grid with one place per prompt."""
        return self.prompt_PL[:, None]

    def within(self, window: int | None) -> "Packing":
        """Returns the layout with sliding-window masks: a token sees itself and the `window` − 1 before; None: all."""
        if window is None:
            return self
        (_, longest_prompt), longest = self.prompt_PL.shape, self.response_BT.shape[1]
        steps_L, steps_T = (torch.arange(size, device=self.prompt_PL.device) for size in (longest_prompt, longest))
        positions_PT = self.real_PL.sum(-1)[:, None] + steps_T
        back_LL = steps_L[:, None] - steps_L
        back_PTS = torch.cat(
            [positions_PT[:, :, None] - steps_L, (steps_T[:, None] - steps_T).expand(len(positions_PT), -1, -1)], -1
        )
        return replace(
            self, future_LL=self.future_LL | (back_LL >= window), hidden_PTS=self.hidden_PTS | (back_PTS >= window)
        )

    def to(self, device: torch.device) -> "Packing":
        """Returns the layout on `device`."""
        return Packing(*(getattr(self, name).to(device) for name in self.__slots__))


def pack(prompt_lengths: Sequence[int], group_B: Tensor, lengths_B: Tensor) -> Packing:
    """Returns the layout for prompts and completions of these lengths; `group_B`, a row's prompt, must ascend."""
    prompts = torch.tensor(prompt_lengths)
    longest_prompt, longest = int(prompts.max()), int(lengths_B.max())
    responses_P = torch.zeros_like(prompts).index_add(0, group_B, lengths_B)
    # an exclusive cumulative sum: where each prompt, followed by all of its responses, begins
    group_start_P = (prompts + responses_P).cumsum(0) - prompts - responses_P
    ends_B = lengths_B.cumsum(0)
    start_B = ends_B - lengths_B + prompts.cumsum(0)[group_B]  # prompts up to its own, completions before it
    steps_L, steps_T = torch.arange(longest_prompt), torch.arange(longest)
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
    # rows of a prompt are neighbours, so the first place of a group in the sorted `group_B` gives each row its rank
    rank_B = torch.arange(len(group_B)) - torch.searchsorted(group_B, group_B)
    grid = (len(prompts), int(rank_B.max()) + 1, longest)
    grid_PWT = response_BT.new_zeros(grid).index_put((group_B, rank_B), response_BT)
    real_PWT = real_BT.new_zeros(grid).index_put((group_B, rank_B), real_BT)
    # the way back: for the n-th token as listed in `index`, its place in [P, L] and [P, W, T] laid end to end
    places = torch.cat([real_PL.flatten(), real_PWT.flatten()]).nonzero().flatten()
    no_prompt = ~real_PL[:, None].expand(-1, longest, -1)
    no_future = (steps_T > steps_T[:, None]).expand(len(prompts), -1, -1)
    return Packing(
        positions_N=torch.empty_like(index).scatter(0, index, position),
        prompt_PL=prompt_PL,
        response_BT=response_BT,
        grid_PWT=grid_PWT,
        real_PL=real_PL,
        real_PWT=real_PWT,
        future_LL=(steps_L > steps_L[:, None])[None],
        hidden_PTS=torch.cat([no_prompt, no_future], -1),
        place_N=torch.empty_like(index).scatter(0, index, places),
        before_BT=before_BT,
    )
