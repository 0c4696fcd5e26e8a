"""Builds the sampler whose workers are a Ray cluster's."""

from importlib.util import find_spec
from typing import Any

from whet.config import Config, RayConfig
from whet.errors import UserError
from whet.protocols import Sampler


def build_ray(config: Config) -> Sampler:
    """Returns a sampler that joins or starts the cluster at its first `load`. Raises `UserError` without Ray."""
    from whet.rollout.ray_sampler import RaySampler

    if find_spec("ray") is None:
        raise UserError("rollout.engine: is ray, which is not installed: pip install 'whet[ray]', or set it to native")

    def join() -> Any:
        from whet.rollout.ray_cluster import RayCluster

        return RayCluster(config.rollout.ray or RayConfig())

    return RaySampler(join)
