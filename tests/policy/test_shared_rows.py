"""Gathered rows and the sums of their gradients, against `index_select` in float64."""

import pytest
import torch

from whet.policy.shared_rows import taken, takers_of

# rows 1 and 4 are shared: row 1 by three places, row 4 by two; row 2 is taken by nobody
TAKERS = takers_of(torch.tensor([1, 0, 1, 4, 3, 1, 4]), 5)


def test_takers_by_hand() -> None:
    assert TAKERS.shared_S.tolist() == [1, 4]
    assert TAKERS.places_SW[TAKERS.real_SW].tolist() == [0, 2, 5, 3, 6]
    assert TAKERS.real_SW.tolist() == [[True, True, True], [True, True, False]]
    assert TAKERS.taken_N is not None
    assert TAKERS.taken_N.tolist() == [True, True, False, True, True]
    assert TAKERS.place_N[[0, 3]].tolist() == [1, 4]


@pytest.mark.parametrize("index", [[0, 1, 2], [2, 2, 2], [0]])
def test_any_rows(index: list[int]) -> None:
    takers = takers_of(torch.tensor(index, dtype=torch.long), 3)
    x = torch.randn(3, 2, dtype=torch.float64, requires_grad=True)
    (mine,) = torch.autograd.grad(taken(x, takers).square().sum(), x)
    count = torch.bincount(takers.index_M, minlength=3)[:, None]
    torch.testing.assert_close(mine, 2 * x.detach() * count)


@pytest.mark.parametrize("rest", [(), (3,), (2, 4)])
def test_values_and_gradients_are_those_of_index_select(rest: tuple[int, ...]) -> None:
    x = torch.randn(5, *rest, dtype=torch.float64, requires_grad=True)
    y = torch.randn(7, *rest, dtype=torch.float64)
    ours, theirs = taken(x, TAKERS), x.index_select(0, TAKERS.index_M)
    assert torch.equal(ours, theirs)
    (mine,) = torch.autograd.grad((ours * y).sum(), x)
    (true,) = torch.autograd.grad((theirs * y).sum(), x)
    torch.testing.assert_close(mine, true, rtol=0, atol=1e-12)
    assert (mine[2] == 0).all()


def test_gradients_are_summed_in_float32() -> None:
    """1 + 256 × 2⁻⁹: added one by one in bfloat16, the small ones are lost."""
    count = 257
    takers = takers_of(torch.zeros(count, dtype=torch.long), 1)
    x = torch.zeros(1, 1, dtype=torch.bfloat16, requires_grad=True)
    upstream = torch.full((count, 1), 2.0**-9, dtype=torch.bfloat16)
    upstream[0] = 1
    (ours,) = torch.autograd.grad(taken(x, takers), x, upstream)
    assert ours.item() == 1.5
