"""Builds the sampler whose workers are a Ray cluster's."""

from functools import partial
from importlib.util import find_spec
from typing import Any

from whet.build.shared import joined
from whet.config import Config, RayConfig
from whet.errors import UserError
from whet.protocols import Sampler

MISSING = "rollout.engine: is ray, but Ray is not installed here: pip install 'whet[ray]', or set it to native"


def build_ray(config: Config) -> Sampler:
    """Returns a sampler that joins or starts the cluster at its first `load`.

    Raises `UserError` without Ray, and for what cannot be sampled a step ahead. Where several processes share the run,
    the first of them asks the workers, for all.
    """
    from whet.rollout.ray_sampler import RaySampler

    if find_spec("ray") is None:
        raise UserError(MISSING)
    if config.rollout.ahead:
        refuse_ahead(config)
    asked = config.rollout.ray or RayConfig()

    def join(policy: Any) -> Any:
        from whet.policy.free_memory import free_bytes
        from whet.rollout.kept_cluster import KeptCluster
        from whet.rollout.ray_worker import native_with

        make = partial(native_with, config.rollout.decoding, free_bytes, asked.workers)
        return KeptCluster(asked, sum(weight.nbytes for weight in policy.model.parameters()), make)

    # other processes wait for the step no longer than that: of several, a late worker is ended in time to draw again
    patience = 60 * config.compute.timeout_minutes
    return RaySampler(join, late=patience / 3 if joined().count > 1 else patience)


def refuse_ahead(config: Config) -> None:
    """Raises `UserError` for the first setting with which a step cannot be sampled ahead."""
    grpo, back = config.grpo, "or rollout.ahead to 0"
    asked = (
        (grpo.objective.importance == "none", "grpo.objective.importance: is none", "is one update old", "it to token"),
        (grpo.draws > 1, f"grpo.draws: is {grpo.draws}", "cannot ask on for groups with a signal", "it to 1"),
        (grpo.first is not None, f"grpo.first: is {grpo.first}", "cannot wait for the first rewards", "it to null"),
        (grpo.sizes != "equal", f"grpo.sizes: is {grpo.sizes}", "does not know the last pass rates", "it to equal"),
        (joined().count > 1, f"compute.processes: is {joined().count}", "is for one process so far", "it to 1"),
    )
    for is_asked, what, why, fix in asked:
        if is_asked:
            raise UserError(f"{what}, but what rollout.ahead samples {why}; set {fix}, {back}")
