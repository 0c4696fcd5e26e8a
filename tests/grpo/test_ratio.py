"""The three ratios by hand: lengths of 3, 1 and 0 tokens in a row of three places."""

import math

import pytest
import torch

from whet.grpo.ratio import RATIOS

LOG_RATIO = [[0.3, -0.1, 0.4], [0.5, 0.0, 0.0], [0.0, 0.0, 0.0]]
MASK = torch.tensor([[True, True, True], [True, False, False], [False, False, False]])
BY_HAND = {
    "token": [[math.exp(0.3), math.exp(-0.1), math.exp(0.4)], [math.exp(0.5), 1.0, 1.0], [1.0, 1.0, 1.0]],
    # the mean of log ρ over the response's own tokens: 0.6 / 3 and 0.5 / 1
    "sequence": [[math.exp(0.2)] * 3, [math.exp(0.5)] * 3, [1.0] * 3],
    "trajectory": [[math.exp(0.6)] * 3, [math.exp(0.5)] * 3, [1.0] * 3],
}
SLOPE_OF_THE_FIRST_ROW = {
    "token": [math.exp(0.3), math.exp(-0.1), math.exp(0.4)],
    "sequence": [math.exp(0.2)] * 3,  # a third, three times over
    "trajectory": [3 * math.exp(0.6)] * 3,
}


@pytest.mark.parametrize("level", BY_HAND)
def test_by_hand(level: str) -> None:
    log_ratio_BT = torch.tensor(LOG_RATIO, dtype=torch.float64, requires_grad=True)
    ratio_BT = RATIOS[level](log_ratio_BT, MASK)
    assert ratio_BT.tolist() == [pytest.approx(row, rel=1e-12) for row in BY_HAND[level]]
    ratio_BT[0].sum().backward()  # type: ignore[no-untyped-call]
    assert log_ratio_BT.grad is not None
    assert log_ratio_BT.grad[0].tolist() == pytest.approx(SLOPE_OF_THE_FIRST_ROW[level], rel=1e-12)
    assert log_ratio_BT.grad[1:].abs().max() == 0


def test_every_level_of_the_recipe_is_there() -> None:
    assert set(RATIOS) == set(BY_HAND)
