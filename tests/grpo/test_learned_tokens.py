"""What is kept of each token that was learned from; all expectations by hand."""

from dataclasses import replace
from math import log

import torch

from batches import ragged_batch
from whet.batch import Batch
from whet.grpo.learned_tokens import LearnedTokens, TokenValues

NONE, NAN, INF = None, float("nan"), float("inf")


def a_batch(*places: int) -> Batch:
    """Two completions, of three tokens and of one."""
    batch = ragged_batch([2], [[3, 1]])
    return replace(batch, place_B=torch.tensor(places)) if places else batch


def values(
    ratio: list[list[float]], clipped: list[list[bool]] | None = None, entropy: float | None = None
) -> TokenValues:
    clipped_BT = torch.tensor(clipped) if clipped else torch.zeros(2, 3, dtype=torch.bool)
    entropy_BT = None if entropy is None else torch.full((2, 3), entropy)
    return TokenValues(torch.tensor(ratio), clipped_BT, entropy_BT)


def test_each_completion_has_the_columns_that_tell_something() -> None:
    found = LearnedTokens(
        [(a_batch(7, 4), values([[0.0, log(1.25), -0.0005], [0.0, 9.0, 9.0]], [[False, True, False], [False] * 3]))]
    ).columns()
    assert found == {7: {"ratio": [1.0, 1.25, 0.9995], "clipped": [False, True, False]}}


def test_a_ratio_that_is_1_up_to_rounding_is_not_kept() -> None:
    near = values([[0.0009, -0.0009, 0.0], [0.0, 0.0, 0.0]])
    assert LearnedTokens([(a_batch(0, 1), near)]).columns() == {}


def test_entropies_are_kept_where_they_were_computed() -> None:
    found = LearnedTokens([(a_batch(0, 1), values([[0.0] * 3, [0.0] * 3], entropy=0.123456))]).columns()
    assert found == {0: {"entropy": [0.1235, 0.1235, 0.1235]}, 1: {"entropy": [0.1235]}}


def test_tokens_that_do_not_count_and_numbers_that_are_none_are_none() -> None:
    batch = a_batch(0, 1)
    mine_BT = batch.mask_BT.clone()
    mine_BT[0, 0] = False
    odd = values([[log(2.0), INF, log(0.5)], [NAN, 0.0, 0.0]], entropy=1.0)
    found = LearnedTokens([(replace(batch, loss_mask_BT=mine_BT), odd)]).columns()
    assert found == {0: {"ratio": [NONE, NONE, 0.5], "entropy": [NONE, 1.0, 1.0]}, 1: {"entropy": [1.0]}}


def test_micro_batches_are_joined_by_place() -> None:
    far = values([[log(2.0)] * 3, [log(3.0)] * 3])
    found = LearnedTokens([(a_batch(3, 0), far), (a_batch(1, 2), far)]).columns()
    assert {place: columns["ratio"][0] for place, columns in found.items()} == {3: 2.0, 0: 3.0, 1: 2.0, 2: 3.0}


def test_without_places_and_without_learning_nothing_is_kept() -> None:
    assert LearnedTokens([(a_batch(), values([[1.0] * 3] * 2))]).columns() == {}
    assert LearnedTokens([]).columns() == {}
