"""Packed attention against one dense causal attention for every row."""

import pytest
import torch
from torch import Tensor

from whet.policy import shared_prefix
from whet.policy.grid import grid_of
from whet.policy.packing import pack
from whet.policy.shared_prefix import shared_prefix_attention


def dense(
    query: Tensor, key: Tensor, value: Tensor, rows: list[list[int]], scale: float, cap: float | None = None
) -> Tensor:
    """Each row of packed indices by itself: softmax(q kᵀ · scale) v over what came before, head by head."""
    heads, count, size = query.shape
    repeats = heads // len(key)
    out = torch.zeros(count, heads, size, dtype=query.dtype)
    for row in rows:
        for h in range(heads):
            q, k, v = query[h, row], key[h // repeats, row], value[h // repeats, row]
            scores = q @ k.T * scale
            if cap is not None:
                scores = cap * torch.tanh(scores / cap)
            future = torch.ones_like(scores, dtype=torch.bool).triu(1)
            out[row, h] = scores.masked_fill(future, -torch.inf).softmax(-1) @ v
    return out


def rows_of(prompts: list[int], responses: list[list[int]]) -> list[list[int]]:
    """For every response, the packed indices of [its prompt ‖ itself]."""
    rows, start = [], 0
    for length, lengths in zip(prompts, responses, strict=True):
        prompt = list(range(start, start + length))
        start += length
        for own in lengths:
            rows.append([*prompt, *range(start, start + own)])
            start += own
    return rows


SHAPES = [
    ([3], [[2]]),
    ([3, 1], [[2, 1], [3]]),
    ([1, 7, 2], [[1], [5, 1, 9, 4], [6, 6]]),
    ([5, 5], [[4, 4, 4], [4, 4, 4]]),
]


@pytest.mark.parametrize(("prompts", "responses"), SHAPES)
@pytest.mark.parametrize(("heads", "kv_heads"), [(4, 4), (6, 2), (3, 1)])
@pytest.mark.parametrize(
    ("scale", "kept", "cap"),
    [
        (None, shared_prefix.KEPT, None),
        (0.7, shared_prefix.KEPT, None),
        (None, 0, None),
        (0.7, shared_prefix.KEPT, 1.5),
    ],
)
def test_attention_is_dense_attention_row_by_row(
    prompts: list[int],
    responses: list[list[int]],
    heads: int,
    kv_heads: int,
    scale: float | None,
    kept: int,
    cap: float | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shared_prefix, "KEPT", kept)
    flat = [length for lengths in responses for length in lengths]
    groups = [index for index, lengths in enumerate(responses) for _ in lengths]
    count, size = sum(prompts) + sum(flat), 8
    random = torch.Generator().manual_seed(count)

    def tensor(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=random, dtype=torch.float64).requires_grad_()

    query, key, value = (
        tensor(heads, count, size),
        tensor(kv_heads, count, size),
        tensor(kv_heads, count, size),
    )
    upstream = tensor(count, heads, size).detach()
    where = grid_of(pack(prompts, torch.tensor(groups), torch.tensor(flat)))
    ours = shared_prefix_attention(query, key, value, where, scale, cap)
    theirs = dense(query, key, value, rows_of(prompts, responses), scale or size**-0.5, cap)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-9)
    gradients = torch.autograd.grad((ours * upstream).sum(), (query, key, value))
    expected = torch.autograd.grad((theirs * upstream).sum(), (query, key, value))
    torch.testing.assert_close(gradients, expected, rtol=0, atol=1e-9)


def test_responses_do_not_see_each_other() -> None:
    where = grid_of(pack([3, 1], torch.tensor([0, 0, 1]), torch.tensor([2, 1, 3])))
    query, key, value = (torch.randn(2, 10, 4, generator=torch.Generator().manual_seed(n)) for n in range(3))
    before = shared_prefix_attention(query, key, value, where, None)
    value[:, 5] += 100.0  # the only token of the second response
    changed = (shared_prefix_attention(query, key, value, where, None) - before).abs().amax((1, 2)) > 0
    assert changed.nonzero().flatten().tolist() == [5]
