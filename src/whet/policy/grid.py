"""Packed tokens as a grid of prompts and of their completions, for attention by dense products of padded rows."""

from typing import NamedTuple

import torch
from torch import Tensor

from whet.policy.packing import Packing, ranks


class Grid(NamedTuple):
    """Where the tokens of a packed sequence are in padded rows, and which of them see each other.

    `P` prompts padded to `L` tokens, each with `W` places for completions padded to `T`. Empty places point at token 0,
    and are False in the masks.
    """

    prompt_PL: Tensor
    """int64: index in the packed sequence of each prompt token."""
    grid_PWT: Tensor
    """int64: index in the packed sequence of each completion token."""
    real_PL: Tensor
    """bool: which places of `prompt_PL` hold a token."""
    real_PWT: Tensor
    """bool: which places of `grid_PWT` hold a token."""
    future_LL: Tensor
    """bool `[1, L, L]`, or `[P, L, L]`: True where a prompt token must not attend to a token of its prompt."""
    hidden_PTS: Tensor
    """bool `[P, T, L + T]`: True where a completion token must not attend to a token of [its prompt ‖ itself]."""
    place_N: Tensor
    """int64: for each packed token, its place in the concatenation of the flattened `[P, L]` and `[P, W, T]`."""

    @property
    def prompt_P1L(self) -> Tensor:
        """`prompt_PL` as a grid with one place per prompt."""
        return self.prompt_PL[:, None]

    def within(self, window: int | None) -> "Grid":
        """Returns the layout with sliding-window masks: a token sees itself and the `window` − 1 before; None: all."""
        if window is None:
            return self
        longest_prompt, longest = self.prompt_PL.shape[1], self.grid_PWT.shape[2]
        steps_L, steps_T = (torch.arange(size, device=self.prompt_PL.device) for size in (longest_prompt, longest))
        positions_PT = self.real_PL.sum(-1)[:, None] + steps_T
        back_LL = steps_L[:, None] - steps_L
        back_PTS = torch.cat(
            [positions_PT[:, :, None] - steps_L, (steps_T[:, None] - steps_T).expand(len(positions_PT), -1, -1)], -1
        )
        return self._replace(
            future_LL=self.future_LL | (back_LL >= window), hidden_PTS=self.hidden_PTS | (back_PTS >= window)
        )


def grid_of(packing: Packing) -> Grid:
    """Returns the grid of a packed sequence. Its masks have T·(L + T) entries for each prompt."""
    real_PL, real_BT, response_BT = packing.real_PL, packing.real_BT, packing.response_BT
    longest_prompt, longest = real_PL.shape[1], real_BT.shape[1]
    steps_L, steps_T = torch.arange(longest_prompt), torch.arange(longest)
    rank_B = ranks(packing.group_B)
    grid = (len(real_PL), int(rank_B.max()) + 1, longest)
    grid_PWT = response_BT.new_zeros(grid).index_put((packing.group_B, rank_B), response_BT)
    real_PWT = real_BT.new_zeros(grid).index_put((packing.group_B, rank_B), real_BT)
    # the way back: for the n-th token as listed in `index`, its place in [P, L] and [P, W, T] laid end to end
    index = torch.cat([packing.prompt_PL[real_PL], response_BT[real_BT]])
    places = torch.cat([real_PL.flatten(), real_PWT.flatten()]).nonzero().flatten()
    no_prompt = ~real_PL[:, None].expand(-1, longest, -1)
    no_future = (steps_T > steps_T[:, None]).expand(len(real_PL), -1, -1)
    return Grid(
        prompt_PL=packing.prompt_PL,
        grid_PWT=grid_PWT,
        real_PL=real_PL,
        real_PWT=real_PWT,
        future_LL=(steps_L > steps_L[:, None])[None],
        hidden_PTS=torch.cat([no_prompt, no_future], -1),
        place_N=torch.empty_like(index).scatter(0, index, places),
    )
