"""Groups rows by prompt in a grid of `Q` prompts × `W` places, so that a prompt's rows share one product with its keys.

Shapes: `R` rows (unfinished completions), `K` key-value heads, `r` query heads for each of them.
"""

import torch
from torch import Tensor


class PromptRows:
    """Maps rows to grid places and back. Prompts may have different numbers of rows; some places are then empty."""

    def __init__(self, prompt_R: Tensor, prompts: int) -> None:
        """`prompt_R`, int64, ascending: the prompt of each row."""
        counts_Q = torch.bincount(prompt_R, minlength=prompts)
        row_R = torch.arange(len(prompt_R), device=prompt_R.device)
        # rows of a prompt are neighbours: a row's place is its index less that of its prompt's first row
        rank_R = row_R - (counts_Q.cumsum(0) - counts_Q)[prompt_R]
        self.prompt_R, self.rank_R = prompt_R, rank_R
        self.shape = (prompts, int(counts_Q.max()))
        self.is_full = len(prompt_R) == prompts * self.shape[1]
        self.row_G = row_R.new_zeros(prompts * self.shape[1])
        self.row_G[prompt_R * self.shape[1] + rank_R] = row_R

    @classmethod
    def full(cls, prompts: int, places: int, device: torch.device) -> "PromptRows":
        """Equally many rows of each prompt; made without a look at a tensor."""
        grid = object.__new__(cls)
        grid.row_G = torch.arange(prompts * places, device=device)
        grid.prompt_R, grid.rank_R = grid.row_G // places, grid.row_G % places
        grid.shape, grid.is_full = (prompts, places), True
        return grid

    def spread(self, x_RKrN: Tensor) -> Tensor:
        """Scatters rows `[R, K, r, N]` to the grid, `[Q · K, W · r, N]`; an empty place repeats row 0."""
        _, kv_heads, repeats, size = x_RKrN.shape
        prompts, places = self.shape
        x_GKrN = x_RKrN if self.is_full else x_RKrN.index_select(0, self.row_G)
        # [Q, W, K, r, N] → [Q, K, W, r, N]: all rows of a prompt share one product per key-value head
        by_prompt = x_GKrN.reshape(prompts, places, kv_heads, repeats, size).transpose(1, 2)
        return by_prompt.reshape(prompts * kv_heads, places * repeats, size)

    def gather(self, x: Tensor, kv_heads: int) -> Tensor:
        """Gathers rows `[R, K, r, N]` from the grid `[Q · K, W · r, N]`: the inverse of `spread`."""
        prompts, places = self.shape
        by_prompt = x.view(prompts, kv_heads, places, x.shape[1] // places, x.shape[2])
        if self.is_full:
            return by_prompt.transpose(1, 2).flatten(0, 1)
        return by_prompt[self.prompt_R, :, self.rank_R]
