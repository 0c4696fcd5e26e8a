"""Wraps the roles of a run whose work several processes share; with one process each role stays what it is."""

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from whet.protocols import Optimizer, Processes, Sampler, StatefulReference

if TYPE_CHECKING:
    import torch

    from whet.compute.optimizer import MasterAdamW
    from whet.compute.sharded_reference import InParts
    from whet.policy.language_model import LanguageModel
    from whet.rewards.mixture import Mixture

What = ParamSpec("What")
Verdict = TypeVar("Verdict")


def joined() -> Processes:
    """Returns the processes of this run."""
    from whet.compute.processes import processes

    return processes()


def shared_sampler(sampler: Sampler) -> Sampler:
    """Returns an engine that samples its process's share of the requests."""
    from whet.rollout.shared_sampler import SharedSampler

    return SharedSampler(sampler, joined()) if joined().count > 1 else sampler


def led_sampler(sampler: Sampler) -> Sampler:
    """Returns an engine that process 0 asks for all."""
    from whet.rollout.led_sampler import LedSampler

    return LedSampler(sampler, joined()) if joined().count > 1 else sampler


def shared_mixture(mixture: "Mixture") -> "Mixture":
    """Returns a grader that grades its process's share of the groups."""
    from whet.rewards.shared_mixture import SharedMixture

    return SharedMixture(mixture, joined()) if joined().count > 1 else mixture


def shared_optimizer(optimizer: "MasterAdamW", policy: "LanguageModel") -> Optimizer:
    """Returns an optimizer whose gradient is the sum of all processes' shares."""
    from whet.compute.sharded_optimizer import ShardedOptimizer
    from whet.compute.shared_optimizer import SharedOptimizer

    kind = ShardedOptimizer if policy.is_sharded else SharedOptimizer
    return kind(optimizer, joined()) if joined().count > 1 else optimizer


def shared_reference(reference: "InParts", policy: "LanguageModel") -> StatefulReference:
    """Returns a reference that computes its process's share of the log-probabilities."""
    from whet.compute.sharded_reference import ShardedReference
    from whet.compute.shared_reference import SharedReference

    kind = ShardedReference if policy.is_sharded else SharedReference
    return kind(reference, joined()) if joined().count > 1 else reference


def led(judge: Callable[What, Verdict]) -> Callable[What, Verdict]:
    """Returns a function that judges in process 0 only: a comparison that runs out of time would tell others apart."""
    if joined().count == 1:
        return judge

    def verdict(*what: What.args, **named: What.kwargs) -> Verdict:
        return joined().first(lambda: judge(*what, **named))

    return verdict


def agreed_clock() -> Callable[[], float]:
    """Returns a monotonic clock, in seconds, that shows process 0's time to all that ask together."""
    return time.monotonic if joined().count == 1 else partial(joined().first, time.monotonic)


def own_part(budget: int) -> int:
    """Returns the part of a budget that this process may spend; at least 1.

    >>> own_part(100)
    100
    """
    return max(1, budget // joined().count)


def own_share(free_bytes: "Callable[[torch.device], int]") -> "Callable[[torch.device], int]":
    """Returns the free bytes of a device for one process: those of the machine's memory are for all that are on it."""
    from whet.compute.rank import local_count

    if local_count() == 1:
        return free_bytes
    sharers = {"cpu": local_count()}
    return lambda device: free_bytes(device) // sharers.get(device.type, 1)
