"""A run that computes no numbers, or another policy's, is ended: by the step's own figures."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from whet.errors import UserError
from whet.grpo.update import DRIFT, DRIFT_MAX
from whet.train_loop.step_checks import FiniteGradient, SamplerParity


def fed(ratios: list[float]) -> None:
    check = FiniteGradient()
    for step, ratio in enumerate(ratios):
        check(step, {"non_finite_ratio": ratio})


def test_single_steps_without_numbers_are_borne() -> None:
    """A good one in between begins the count anew; so does one of which a pass was learned from."""
    fed([0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.5, 1.0, 1.0])


def test_the_third_in_a_row_ends_the_run() -> None:
    with pytest.raises(UserError, match="step 3: for 3 steps the gradient has been no finite number"):
        fed([0.0, 1.0, 1.0, 1.0, 0.0])


@pytest.mark.parametrize(
    ("dtype", "mean", "passes"),
    [
        (torch.float32, 0.009, True),
        (torch.float32, 0.02, False),
        (torch.bfloat16, 0.02, True),
        (torch.bfloat16, 0.2, False),
        (torch.bfloat16, float("nan"), True),  # `FiniteGradient` counts such steps
    ],
)
def test_the_gate_at_every_step(dtype: torch.dtype, mean: float, passes: bool) -> None:
    policy: Any = SimpleNamespace(model=SimpleNamespace(dtype=dtype))
    check, figures = SamplerParity(policy), {DRIFT: mean, DRIFT_MAX: 0.5}
    if passes:
        check(3, figures)
    else:
        with pytest.raises(UserError, match=r"^step 3: sampler and learner disagree by .* Try model\.dtype float32"):
            check(3, figures)
