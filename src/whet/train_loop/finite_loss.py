"""A run that no longer computes numbers ends, with its last good weights."""

from collections.abc import Mapping

from whet.errors import UserError
from whet.protocols import Run
from whet.train_loop.step_checks import Guarded

PATIENCE = 3
"""Steps in a row without a finite gradient, after which none is to be hoped for."""

SKIPPED = "non_finite_ratio"
"""The share of a step's passes whose gradient was no finite number, so that nothing was learned from them."""


class Finite(Guarded):
    """The role `Run`, which ends after `PATIENCE` such steps in a row. None of them changed a weight."""

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._in_a_row = 0

    def check(self, step: int, metrics: Mapping[str, float]) -> None:
        """Raises `UserError` once there have been too many."""
        self._in_a_row = self._in_a_row + 1 if metrics[SKIPPED] == 1.0 else 0
        if self._in_a_row == PATIENCE:
            raise UserError(
                f"step {step}: for {PATIENCE} steps the gradient has been no finite number; no weight was changed by "
                "them. Lower grpo.optimizer.learning_rate and go on from an earlier checkpoint, or try model.dtype "
                "float32"
            )
