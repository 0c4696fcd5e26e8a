"""r_i from a recipe: its rewards, their weighted sum, and what they ask of services outside."""

from typing import TYPE_CHECKING

from whet.config import Config
from whet.formats import ResponseFormat

if TYPE_CHECKING:
    from whet.rewards.mixture import Mixture


def build_reward(config: Config, response_format: ResponseFormat) -> "Mixture":
    """The weighted sum of the recipe's rewards."""
    from whet.build.services import connect
    from whet.rewards.equality import ComparisonTimeout
    from whet.rewards.mixture import Mixture
    from whet.rewards.registry import build_reward as build_part
    from whet.workers.math_compare import AnswerComparer
    from whet.workers.reward_function import load_reward

    timeouts: list[ComparisonTimeout] = []
    known = {"max_tokens": config.grpo.sampling.max_tokens, "equal": AnswerComparer(timeouts.append)}
    parts = [build_part(reward, response_format, load_reward, known, connect) for reward in config.rewards]
    return Mixture(parts, timeouts)
