"""How far two models are apart."""

from math import log
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from whet.export.difference import Difference, difference, distributions
from whet.export.held_out import Answered


def log_of(*rows: list[float]) -> torch.Tensor:
    return torch.tensor(rows).log()


def test_the_figures_are_those_of_a_calculation_by_hand() -> None:
    original = [log_of([0.5, 0.25, 0.25], [0.1, 0.8, 0.1])]
    export = [log_of([0.25, 0.5, 0.25], [0.1, 0.8, 0.1])]
    found = difference(original, export, [Answered((7,), (0, 1))])
    assert found.tokens == 2
    assert found.logprob == pytest.approx(log(2))
    assert found.kl == pytest.approx(0.5 * log(2) - 0.25 * log(2), rel=1e-5), "Σ p log(p/q) of the first row"
    assert found.top1 == 0.5


def test_the_worst_of_all_responses_counts() -> None:
    same, other = log_of([0.5, 0.5]), log_of([0.9, 0.1])
    answers = [Answered((1,), (0,)), Answered((1,), (1,))]
    found = difference([same, same], [same, other], answers)
    assert found.logprob == pytest.approx(log(5))
    assert found.top1 == 1.0, "of two that are equally likely the first counts"


def test_a_number_that_is_none_is_not_lost_behind_others() -> None:
    broken = torch.tensor([[float("nan"), 0.0]])
    answers = [Answered((1,), (0,)), Answered((1,), (0,))]
    found = difference([log_of([0.5, 0.5])] * 2, [broken, log_of([0.5, 0.5])], answers)
    assert found.logprob != found.logprob
    assert found.kl != found.kl


class Counting:
    """A model whose logit of a token is the number of times that it was read so far."""

    def __call__(self, input_ids: torch.Tensor) -> Any:
        seen = torch.nn.functional.one_hot(input_ids, 4).cumsum(1).float()
        return SimpleNamespace(logits=seen)


def test_a_distribution_stands_before_its_token() -> None:
    """The response 3, 3 to the prompt 1, 2: before its first token 3 was never read, before its second once."""
    (found,) = distributions(Counting(), [Answered((1, 2), (3, 3))])
    wanted = torch.log_softmax(torch.tensor([[0.0, 1, 1, 0], [0.0, 1, 1, 1]]), -1)
    torch.testing.assert_close(found, wanted)


def test_it_reads_well() -> None:
    assert str(Difference(0.00612, 9.1e-6, 0.9987, 800)) == "max |Δ log p| 0.0061, max KL 9.1e-06, top-1 99.9 %"
