"""Attention over responses that share a prompt: the prompt's keys and values exist once.

A learner's sequence is packed as `[prompt_1 | its responses … | prompt_2 | its responses …]`, without padding,
every response starting at the position after its prompt. The body of the model then works on P + ΣC tokens
in place of Σ(P + C). Attention is two calls: prompts causally, and each response over [its prompt ‖ itself].
Both are exact: what a token sees is what it would see in a row of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each token of a packed sequence of N tokens belongs.

    `P` prompts padded to `L` tokens, `B` responses padded to `T`; padded places point at token 0 and are masked.
    """

    positions_N: Tensor
    """int64: the position of each token in its own row."""
    prompt_PL: Tensor
    """int64: index in the packed sequence of each prompt token."""
    response_BT: Tensor
    """int64: index in the packed sequence of each response token."""
    group_B: Tensor
    """int64: the prompt of each response."""
    place_N: Tensor
    """int64: for each packed token, its place in the concatenation of the flattened `[P, L]` and `[B, T]`."""
    visible_BTK: Tensor
    """bool `[B, T, L + T]`: what each response token attends to in [its prompt ‖ itself]."""
    before_BT: Tensor
    """int64: index in the packed sequence of the token that predicts each response token."""

    def to(self, device: torch.device) -> "Layout":
        """The same layout on another device."""
        return Layout(*(getattr(self, name).to(device) for name in self.__slots__))


def layout(prompt_lengths: Sequence[int], group_B: Tensor, lengths_B: Tensor) -> Layout:
    """The layout of prompts and responses of these lengths; rows of one prompt must be neighbours, in order."""
    prompts = torch.tensor(prompt_lengths)
    longest_prompt, longest = int(prompts.max()), int(lengths_B.max())
    responses_P = torch.zeros_like(prompts).index_add(0, group_B, lengths_B)
    group_start_P = (prompts + responses_P).cumsum(0) - prompts - responses_P
    ends_B = lengths_B.cumsum(0)
    start_B = ends_B - lengths_B + prompts.cumsum(0)[group_B]  # prompts up to its own, responses before it
    steps_L, steps_T = torch.arange(longest_prompt), torch.arange(longest)
    real_PL, real_BT = steps_L < prompts[:, None], steps_T < lengths_B[:, None]
    prompt_PL = torch.where(real_PL, group_start_P[:, None] + steps_L, 0)
    response_BT = torch.where(real_BT, start_B[:, None] + steps_T, 0)
    last_of_prompt_B = (group_start_P + prompts - 1)[group_B]
    before_BT = torch.where(steps_T == 0, last_of_prompt_B[:, None], response_BT - 1).clamp(min=0)
    index = torch.cat([prompt_PL[real_PL], response_BT[real_BT]])
    position = torch.cat([steps_L.expand_as(real_PL)[real_PL], (prompts[group_B, None] + steps_T)[real_BT]])
    place = torch.cat([real_PL.flatten(), real_BT.flatten()]).nonzero().flatten()
    sees_prompt = real_PL[group_B][:, None, :].expand(-1, longest, -1)
    sees_itself = (steps_T <= steps_T[:, None]).expand(len(group_B), -1, -1)
    return Layout(
        positions_N=torch.empty_like(index).scatter(0, index, position),
        prompt_PL=prompt_PL,
        response_BT=response_BT,
        group_B=group_B,
        place_N=torch.empty_like(index).scatter(0, index, place),
        visible_BTK=torch.cat([sees_prompt, sees_itself], -1),
        before_BT=before_BT,
    )


def shared_prefix_attention(query: Tensor, key: Tensor, value: Tensor, where: Layout, scale: float | None) -> Tensor:
    """Attention over a packed sequence: query `[H, N, D]`, key and value `[K, N, D]` with H a multiple of K.

    Returns `[N, H, D]`. The H / K query heads that share a key-value head are laid out as rows, so keys and
    values are never repeated.
    """
    heads, _, size = query.shape
    kv_heads = key.shape[0]
    repeats = heads // kv_heads
    prompts, responses = where.prompt_PL, where.response_BT
    # [P, H, L, D]: causal over each prompt, padding at the right is never seen
    prompt_keys, prompt_values = (_at(x, prompts) for x in (key, value))
    prompt_out = scaled_dot_product_attention(
        _at(query, prompts),
        prompt_keys.repeat_interleave(repeats, 1),
        prompt_values.repeat_interleave(repeats, 1),
        is_causal=True,
        scale=scale,
    )
    # [B, K, r·T, D] over [prompt ‖ response] keys [B, K, L + T, D]
    keys = torch.cat([prompt_keys[where.group_B], _at(key, responses)], 2)
    values = torch.cat([prompt_values[where.group_B], _at(value, responses)], 2)
    response_out = scaled_dot_product_attention(
        _at(query, responses).unflatten(1, (kv_heads, repeats)).flatten(2, 3),
        keys,
        values,
        attn_mask=where.visible_BTK.repeat(1, repeats, 1)[:, None],
        scale=scale,
    )
    by_token = torch.cat(
        [
            prompt_out.transpose(1, 2).reshape(-1, heads, size),
            response_out.unflatten(2, (repeats, -1)).permute(0, 3, 1, 2, 4).reshape(-1, heads, size),
        ]
    )
    return by_token[where.place_N]


def _at(x: Tensor, index_RT: Tensor) -> Tensor:
    """`[heads, N, D]` at an index `[R, T]` of tokens, as `[R, heads, T, D]`."""
    rows: Tensor = x.index_select(1, index_RT.flatten()).unflatten(1, index_RT.shape)
    return rows.transpose(0, 1)
