"""Modules called with another forward: their hooks take place."""

import torch
from torch import nn

from whet.policy.called import called


def test_hooks_run_and_the_forward_is_given_back() -> None:
    module, seen = nn.Linear(2, 2), list[str]()
    module.register_forward_pre_hook(lambda *_: seen.append("before"))
    module.register_forward_hook(lambda *_: seen.append("after"))
    found = called(module, lambda x: seen.append("forward") or x + 1, torch.zeros(1))
    assert found.tolist() == [1.0]
    assert seen == ["before", "forward", "after"]
    assert "forward" not in vars(module)


def test_a_forward_that_was_put_there_comes_back() -> None:
    module = nn.Identity()
    module.forward = own = lambda x: x * 3  # type: ignore[assignment, method-assign]
    assert called(module, lambda x: x * 2, torch.ones(1)).tolist() == [2.0]
    assert vars(module)["forward"] is own
