"""The negative log-likelihood by hand."""

import pytest
import torch

from whet.sft.nll import negative_log_likelihood


def test_the_sum_over_targets_divided_by_the_tokens_of_the_batch() -> None:
    logprobs_BT = torch.tensor([[-1.0, -2.0, -4.0], [-8.0, -16.0, 0.0]])
    target_BT = torch.tensor([[False, True, True], [True, False, False]])
    assert negative_log_likelihood(logprobs_BT, target_BT, 10).item() == pytest.approx(1.4)


def test_what_is_not_a_target_has_no_gradient_not_even_nan() -> None:
    logprobs_BT = torch.tensor([[-1.0, float("nan"), -float("inf")]], requires_grad=True)
    negative_log_likelihood(logprobs_BT, torch.tensor([[True, False, False]]), 4).backward()
    assert logprobs_BT.grad is not None
    assert logprobs_BT.grad.tolist() == [[-0.25, 0.0, 0.0]]
