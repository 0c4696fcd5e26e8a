"""Places of rows by hand, and the way there and back."""

import pytest
import torch

from whet.rollout.engine.prompt_rows import PromptRows


def numbered(rows: int, kv_heads: int = 2, repeats: int = 3, size: int = 1) -> torch.Tensor:
    return torch.arange(float(rows * kv_heads * repeats * size)).view(rows, kv_heads, repeats, size)


def test_rows_of_a_prompt_are_one_product() -> None:
    """Two prompts with two rows each, one key-value head with one query head: nothing moves."""
    grid = PromptRows(torch.tensor([0, 0, 1, 1]), 2)
    assert grid.spread(numbered(4, 1, 1)).flatten(1).tolist() == [[0.0, 1.0], [2.0, 3.0]]


def test_heads_come_before_rows() -> None:
    """One prompt, two rows, two key-value heads with one query head each: row 0 holds 0 and 1, row 1 holds 2 and 3."""
    grid = PromptRows(torch.tensor([0, 0]), 1)
    assert grid.spread(numbered(2, 2, 1)).flatten(1).tolist() == [[0.0, 2.0], [1.0, 3.0]]


def test_an_empty_place_repeats_row_0() -> None:
    grid = PromptRows(torch.tensor([0, 1, 1]), 2)
    assert not grid.is_full
    assert grid.spread(numbered(3, 1, 1)).flatten(1).tolist() == [[0.0, 0.0], [1.0, 2.0]]


@pytest.mark.parametrize(
    ("prompts", "rows"),
    [(1, [0]), (3, [0, 0, 1, 1, 2, 2]), (3, [0, 0, 0, 1, 2, 2]), (4, [1, 1, 3]), (5, [4])],
    ids=str,
)
def test_there_and_back(prompts: int, rows: list[int]) -> None:
    grid = PromptRows(torch.tensor(rows), prompts)
    x = numbered(len(rows), size=5)
    assert torch.equal(grid.gather(grid.spread(x), 2), x)


def test_a_product_with_each_prompts_own_matrix() -> None:
    """Rows times the matrix of their prompt, one at a time."""
    rows, kv_heads = [0, 0, 0, 2], 2
    grid, x = PromptRows(torch.tensor(rows), 3), torch.randn(4, kv_heads, 3, 5, dtype=torch.float64)
    matrices = torch.randn(3, kv_heads, 5, 7, dtype=torch.float64)
    found = grid.gather(grid.spread(x) @ matrices.flatten(0, 1), kv_heads)
    for row, prompt in enumerate(rows):
        torch.testing.assert_close(found[row], x[row] @ matrices[prompt])


def test_full_rows_are_those_that_are_counted() -> None:
    full, counted = PromptRows.full(3, 2, torch.device("cpu")), PromptRows(torch.tensor([0, 0, 1, 1, 2, 2]), 3)
    assert (full.shape, full.is_full) == (counted.shape, counted.is_full) == ((3, 2), True)
    for name in ("prompt_R", "rank_R", "row_G"):
        assert torch.equal(getattr(full, name), getattr(counted, name))
