"""Checks of a step's metrics, made once it is recorded: a run that computes no numbers, or wrong ones, must end."""

from collections.abc import Callable, Mapping
from math import isfinite
from typing import TYPE_CHECKING

from whet.errors import UserError
from whet.grpo.experience import STALENESS
from whet.grpo.update import DRIFT, DRIFT_MAX
from whet.train_loop.parity import Agreement, disagreement, gate

if TYPE_CHECKING:
    from whet.policy.language_model import LanguageModel

StepCheck = Callable[[int, Mapping[str, float]], None]
"""Takes a step and its metrics. Raises `UserError` where the run must not go on."""

PATIENCE = 3
"""Steps in a row without a finite gradient, after which none is to be hoped for."""

SKIPPED = "non_finite_ratio"
"""The share of a step's passes whose gradient was no finite number, so that nothing was learned from them."""


class FiniteGradient:
    """Ends a run after `PATIENCE` steps in a row without a finite gradient. None of them changed a weight."""

    def __init__(self) -> None:
        self._in_a_row = 0

    def __call__(self, step: int, metrics: Mapping[str, float]) -> None:
        """Raises `UserError` once there have been too many."""
        self._in_a_row = self._in_a_row + 1 if metrics[SKIPPED] == 1.0 else 0
        if self._in_a_row == PATIENCE:
            raise UserError(
                f"step {step}: for {PATIENCE} steps the gradient has been no finite number; no weight was changed by "
                "them. Lower grpo.optimizer.learning_rate and go on from an earlier checkpoint, or try model.dtype "
                "float32"
            )


class SamplerParity:
    """Ends a run in which sampler and learner no longer agree, by what the step measured on its own rollouts.

    Rollouts of an earlier policy (`STALENESS`) differ because the policy moved: they say nothing of the engine.
    """

    def __init__(self, policy: "LanguageModel") -> None:
        self.policy = policy

    def __call__(self, step: int, metrics: Mapping[str, float]) -> None:
        """Raises `UserError` after a step in which they did not."""
        if metrics.get(STALENESS):
            return
        found = Agreement(metrics[DRIFT], metrics[DRIFT_MAX], gate(self.policy))
        if isfinite(found.mean) and not found.holds:  # what is no number at all, `FiniteGradient` counts
            raise UserError(f"step {step}: {disagreement(found, self.policy)}")
