"""Gathered rows and the sums of their gradients, against `index_select` in float64."""

import pytest
import torch

from whet.policy.shared_rows import Takers, taken

# rows 1 and 4 are shared: row 1 by three places, row 4 by one; row 2 is taken by nobody
TAKERS = Takers(
    index_M=torch.tensor([1, 0, 1, 4, 3, 1]),
    place_N=torch.tensor([1, 2, 0, 4, 3]),
    taken_N=torch.tensor([True, True, False, True, True]),
    shared_S=torch.tensor([1, 4]),
    places_SW=torch.tensor([[0, 2, 5], [3, 0, 0]]),
    real_SW=torch.tensor([[True, True, True], [True, False, False]]),
)


@pytest.mark.parametrize("rest", [(), (3,), (2, 4)])
def test_values_and_gradients_are_those_of_index_select(rest: tuple[int, ...]) -> None:
    x = torch.randn(5, *rest, dtype=torch.float64, requires_grad=True)
    y = torch.randn(6, *rest, dtype=torch.float64)
    ours, theirs = taken(x, TAKERS), x.index_select(0, TAKERS.index_M)
    assert torch.equal(ours, theirs)
    (mine,) = torch.autograd.grad((ours * y).sum(), x)
    (true,) = torch.autograd.grad((theirs * y).sum(), x)
    torch.testing.assert_close(mine, true, rtol=0, atol=1e-12)
    assert (mine[2] == 0).all()


def test_gradients_are_summed_in_float32() -> None:
    """1 + 256 × 2⁻⁹: added one by one in bfloat16, the small ones are lost."""
    count = 257
    takers = Takers(
        torch.zeros(count, dtype=torch.long),
        torch.tensor([3]),
        None,
        torch.tensor([0]),
        torch.arange(count)[None],
        torch.ones(1, count, dtype=torch.bool),
    )
    x = torch.zeros(1, 1, dtype=torch.bfloat16, requires_grad=True)
    upstream = torch.full((count, 1), 2.0**-9, dtype=torch.bfloat16)
    upstream[0] = 1
    (ours,) = torch.autograd.grad(taken(x, takers), x, upstream)
    assert ours.item() == 1.5
