"""A rollout as JSON in a checkpoint, and back."""

from collections.abc import Mapping
from dataclasses import asdict
from math import isfinite
from typing import Any

from whet.types import Rollout


def saved_rollout(rollout: Rollout) -> dict[str, Any]:
    """Returns the rollout as strict JSON; log-probabilities that are no finite numbers, which JSON lacks, as text.

    >>> saved_rollout(Rollout((5, 6), (-0.1, float("-inf")), "a", "stop"))["logprobs"]
    [-0.1, '-inf']
    """
    logprobs = [value if isfinite(value) else str(value) for value in rollout.logprobs]
    return {**asdict(rollout), "logprobs": logprobs}


def restored_rollout(saved: Mapping[str, Any]) -> Rollout:
    """Returns the rollout that `saved_rollout` wrote, also after a round trip through JSON."""
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in saved.items()}
    return Rollout(**{**values, "logprobs": tuple(map(float, saved["logprobs"]))})
