"""A run of one process: nothing is waited for."""

import torch

from whet.compute.alone import Alone


def test_alone_nothing_is_exchanged() -> None:
    alone = Alone()
    assert (alone.rank, alone.count) == (0, 1)
    assert alone.gathered(lambda: "done") == ["done"]
    assert alone.first(lambda: "done") == "done"
    assert alone.named_failure(lambda: "done") == "done"
    assert (alone.any(True), alone.any(False)) == (True, False)
    weight = torch.nn.Parameter(torch.zeros(2))
    alone.add_gradients([weight])
    assert weight.grad is None
