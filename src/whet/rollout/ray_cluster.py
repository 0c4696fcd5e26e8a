"""Joins a Ray cluster, or starts one on this machine, and makes sampling workers of its actors."""

from collections.abc import Sequence
from typing import Any

from whet.config.engines import RayConfig
from whet.errors import UserError
from whet.rollout.ray_sampler import WorkerLostError
from whet.rollout.ray_worker import PolicyState, SamplingWorker
from whet.text import first_line


class RayCluster:
    """Plays `Cluster`."""

    def __init__(self, config: RayConfig) -> None:
        """Raises `UserError` where the cluster cannot be joined."""
        import ray

        self._ray = ray
        if not ray.is_initialized():
            self._connect(config)
        # restarted for ever, but no call is made twice by Ray itself: the sampler draws again what was lost
        remote = ray.remote(
            num_cpus=config.cpus, num_gpus=config.gpus, max_restarts=-1, max_task_retries=0, max_concurrency=1
        )
        actor: Any = remote(SamplingWorker)
        self.workers: Sequence[Any] = [actor.remote(max(int(config.cpus), 1)) for _ in range(config.workers)]

    def put(self, state: PolicyState) -> Any:
        """Stores an object once for all workers, and returns a handle of it."""
        return self._ray.put(state)

    def ask(self, worker: Any, method: str, *arguments: Any) -> Any:
        """Calls a method of a worker, and returns a handle of the answer."""
        return getattr(worker, method).remote(*arguments)

    def answered(self, handles: Sequence[Any], seconds: float) -> list[Any]:
        """Returns the handles that have an answer, after waiting for one so long at most."""
        if not handles:
            return []
        ready, _ = self._ray.wait(list(handles), num_returns=1, timeout=seconds)
        return list(ready)

    def answer(self, handle: Any) -> Any:
        """Returns an answer. Raises what the worker raised, and `WorkerLostError` where it ended."""
        errors = self._ray.exceptions
        try:
            return self._ray.get(handle)
        except (errors.RayActorError, errors.WorkerCrashedError, errors.ObjectLostError, errors.NodeDiedError) as error:
            raise WorkerLostError(first_line(error)) from error
        except errors.RayTaskError as error:
            raise error.cause from error

    def _connect(self, config: RayConfig) -> None:
        here = config.address == "local"
        how: dict[str, Any] = {"include_dashboard": False} if here else {}
        if here:
            how |= {"num_cpus": max(int(config.cpus * config.workers), 1)}
        try:
            self._ray.init(address=config.address, log_to_driver=False, logging_level="ERROR", namespace="whet", **how)
        except Exception as error:
            what = f"the cluster at {config.address} cannot be joined ({first_line(error)})"
            fix = "see that `ray status` works there, or set it to local"
            raise UserError(f"rollout.ray.address: {what}; {fix}") from error
