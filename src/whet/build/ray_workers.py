"""Builds the sampler whose workers are a Ray cluster's."""

from functools import partial
from importlib.util import find_spec
from typing import Any

from whet.config import Config, RayConfig
from whet.errors import UserError
from whet.protocols import Sampler

MISSING = "rollout.engine: is ray, but Ray is not installed here: pip install 'whet[ray]', or set it to native"


def build_ray(config: Config) -> Sampler:
    """Returns a sampler that joins or starts the cluster at its first `load`. Raises `UserError` without Ray.

    Where several processes share the run, the first of them asks the workers, for all.
    """
    from whet.rollout.ray_sampler import RaySampler

    if find_spec("ray") is None:
        raise UserError(MISSING)
    asked = config.rollout.ray or RayConfig()

    def join(policy: Any) -> Any:
        from whet.policy.free_memory import free_bytes
        from whet.rollout.ray_cluster import RayCluster
        from whet.rollout.ray_worker import native_with

        make = partial(native_with, config.rollout.decoding, free_bytes, asked.workers)
        return RayCluster(asked, sum(weight.nbytes for weight in policy.model.parameters()), make)

    return RaySampler(join, late=60 * config.compute.timeout_minutes)
