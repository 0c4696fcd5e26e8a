"""Contenders that say what they were told to say."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass
class Fake:
    """Plays a `Contender`: the answer to each work is computed by `answer`."""

    name: str
    answer: Callable[[Mapping[str, Any]], dict[str, Any]]

    def run(self, work: Mapping[str, Any]) -> dict[str, Any]:
        return self.answer(work)


def steps(*seconds: float, rollout: float = 0.25, optimizer: float = 0.05) -> list[dict[str, float]]:
    """Steps that took so long, a quarter of it sampling."""
    return [
        {
            "step": spent,
            "rollout": rollout * spent,
            "optimizer": optimizer * spent,
            "learn": (1 - rollout - optimizer) * spent,
            "agreement": 0.004,
        }
        for spent in seconds
    ]
