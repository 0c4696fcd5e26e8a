"""Checks of a step's metrics after it is recorded; a failed one ends the run."""

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
"""Takes a step and its metrics. Raises `UserError` where the run must end."""

PATIENCE = 3
"""Steps in a row without a finite gradient that end a run."""

SKIPPED = "non_finite_ratio"
"""The metric: the share of a step's passes whose gradient was not finite, so that they changed no weight."""


class FiniteGradient:
    """Ends a run after `PATIENCE` steps in a row without a finite gradient; none of them changed a weight."""

    def __init__(self) -> None:
        self._in_a_row = 0

    def __call__(self, step: int, metrics: Mapping[str, float]) -> None:
        """Counts a step. Raises `UserError` at the last of `PATIENCE` in a row."""
        self._in_a_row = self._in_a_row + 1 if metrics[SKIPPED] == 1.0 else 0
        if self._in_a_row == PATIENCE:
            raise UserError(
                f"step {step}: for {PATIENCE} steps the gradient has been no finite number; no weight was changed by "
                "them. Lower grpo.optimizer.learning_rate and go on from an earlier checkpoint, or try model.dtype "
                "float32"
            )


class SamplerParity:
    """Ends a run when sampler and learner disagree on log π over the step's own rollouts.

    Rollouts of an earlier policy (`STALENESS`) differ because the policy moved, and are not checked.
    """

    def __init__(self, policy: "LanguageModel") -> None:
        self.policy = policy

    def __call__(self, step: int, metrics: Mapping[str, float]) -> None:
        """Raises `UserError` where the mean difference exceeds the gate of the policy's dtype."""
        if metrics.get(STALENESS):
            return
        found = Agreement(metrics[DRIFT], metrics[DRIFT_MAX], gate(self.policy))
        if isfinite(found.mean) and not found.holds:  # NaN and infinity are for `FiniteGradient`
            raise UserError(f"step {step}: {disagreement(found, self.policy)}")
