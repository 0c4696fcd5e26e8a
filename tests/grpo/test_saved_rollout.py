"""Rollouts in checkpoints, through JSON and back."""

import json
from math import isnan

from whet.grpo.saved_rollout import restored_rollout, saved_rollout
from whet.types import Rollout


def there_and_back(rollout: Rollout) -> Rollout:
    return restored_rollout(json.loads(json.dumps(saved_rollout(rollout), allow_nan=False)))


def test_a_rollout_comes_back_as_it_was() -> None:
    whole = Rollout((5, 6), (-0.1, -1 / 3), "text", "length", replayed=True, loss_mask=(True, False))
    assert there_and_back(whole) == whole
    plain = Rollout((), (), "", "stop")
    assert there_and_back(plain) == plain


def test_log_probabilities_that_are_no_numbers_can_be_saved() -> None:
    """As a model of 16 bits gives them that overflows."""
    back = there_and_back(Rollout((5, 6, 7), (float("nan"), float("-inf"), -0.5), "", "stop"))
    assert isnan(back.logprobs[0])
    assert back.logprobs[1:] == (float("-inf"), -0.5)
