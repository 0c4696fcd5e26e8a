"""Sampling workers as actors of a Ray cluster, which begins one anew where its process or its machine is lost."""

from collections.abc import Callable, Sequence
from typing import Any

from whet.cluster.ray_head import Head
from whet.cluster.ray_name import WorkerName, refuse_other_version
from whet.cluster.ray_start import start_ray, what_ray_says
from whet.config.engines import RayConfig
from whet.errors import ProcessLost, UserError
from whet.rollout.native import NativeSampler
from whet.rollout.policy_state import PolicyState
from whet.rollout.ray_drawing import WorkerLostError
from whet.rollout.ray_worker import SamplingWorker
from whet.text import first_line

BEGIN = 90.0
"""Seconds that workers have to begin: they import PyTorch."""


class RayCluster:
    """Plays `Cluster`, in a process of its own: see `ray_keeper`."""

    def __init__(
        self, config: RayConfig, weight_bytes: int = 0, make: Callable[[], NativeSampler] = NativeSampler
    ) -> None:
        """Begins the workers, whose engines `make` makes.

        Raises `UserError` where the cluster cannot be joined or has no room for them.
        """
        import ray

        self._ray: Any = ray
        self.workers: Sequence[Any] = ()
        self._names: dict[Any, WorkerName] = {}
        start_ray(config, weight_bytes)
        try:
            self._head = Head(ray.get_runtime_context().gcs_address)
            self.workers = self._begun(config, make)
            self._meet(config)
        except BaseException:
            self.close()
            raise

    def put(self, state: PolicyState) -> Any:
        """Stores an object once for all workers, and returns a handle of it."""
        try:
            return self._ray.put(state)
        except Exception as error:
            raise ProcessLost(f"Ray cannot store the weights ({what_ray_says(error)}): resume the run") from error

    def ask(self, worker: Any, method: str, *arguments: Any) -> Any:
        """Calls a method of a worker, and returns a handle of the answer."""
        try:
            return getattr(worker, method).remote(*arguments)
        except self._ray.exceptions.RayError as error:
            raise WorkerLostError(what_ray_says(error)) from error

    def answered(self, handles: Sequence[Any], seconds: float) -> list[Any]:
        """Returns handles that have an answer, after waiting for one so long at most."""
        ready, _ = self._ray.wait(list(handles), num_returns=1, timeout=seconds)
        return list(ready)

    def answer(self, handle: Any) -> Any:
        """Returns an answer. Raises what the worker raised, and `WorkerLostError` where it ended."""
        try:
            return self._ray.get(handle)
        except self._ray.exceptions.RayError as error:
            cause = getattr(error, "cause", None)  # of an error in a worker
            if isinstance(cause, Exception) and not isinstance(cause, self._ray.exceptions.RayError):
                raise _raised_there(cause, str(error)) from error
            for_good = isinstance(error, self._ray.exceptions.ActorDiedError)
            raise WorkerLostError(what_ray_says(error), for_good) from error

    def know(self, worker: Any, name: WorkerName) -> None:
        """Takes the name that a worker has told of itself. Raises `UserError` where it has another version of Whet."""
        refuse_other_version(name)
        self._names[worker] = name

    def name(self, worker: Any) -> str:
        """Returns where a worker lives, or lived."""
        return f"Ray worker {self.workers.index(worker)} ({self._names[worker]})"

    def end(self, worker: Any) -> None:
        """Ends the process of a worker, which is begun anew."""
        self._ray.kill(worker, no_restart=False)

    def refuse_lost_head(self) -> None:
        """Raises `ProcessLost` where the head has not answered for a while."""
        self._head.refuse_lost()

    def close(self) -> None:
        """Ends the workers, and the cluster where it was started for them."""
        self._ray.shutdown()

    def _begun(self, config: RayConfig, make: Callable[[], NativeSampler]) -> list[Any]:
        """The actors. Raises `UserError` where the cluster is too small for them."""
        there = self._ray.cluster_resources()
        gpus = config.gpus if config.gpus is not None else float(there.get("GPU", 0) > 0)
        for what, key, each in (("CPU", "cpus", config.cpus), ("GPU", "gpus", gpus)):
            refuse_too_many(config.workers, each, there.get(what, 0), what, key)
        # restarted for ever, but Ray makes no call twice by itself: what was lost is drawn again by `Drawing`
        options = {"max_restarts": -1, "max_task_retries": 0, "max_concurrency": 1}
        actor = self._ray.remote(num_cpus=config.cpus, num_gpus=gpus, **options)(SamplingWorker)
        return [actor.remote(max(int(config.cpus), 1), gpus > 0, make) for _ in range(config.workers)]

    def _meet(self, config: RayConfig) -> None:
        """Waits until all workers answer. Raises `UserError` where one does not, or has another version of Whet."""
        asked = [self.ask(worker, "about") for worker in self.workers]
        ready, late = self._ray.wait(asked, num_returns=len(asked), timeout=BEGIN)
        for worker, handle in zip(self.workers, asked, strict=True):
            if handle in ready:
                self.know(worker, self._met(handle))
        if late:
            what = f"{len(ready)} of {config.workers} have begun after {BEGIN:.0f} s: others have taken the cluster"
            raise UserError(f"rollout.ray.workers: {what}; lower it, or wait until there is room")

    def _met(self, handle: Any) -> WorkerName:
        try:
            name: WorkerName = self.answer(handle)
        except WorkerLostError as error:
            fix = "install there what is installed here"
            raise UserError(f"rollout.ray.address: a worker does not begin there ({error}); {fix}") from error
        return name


def refuse_too_many(workers: int, each: float, there: float, what: str, key: str) -> None:
    """Raises `UserError` where so many workers with `each` CPUs or GPUs are more than the cluster has."""
    if workers * each <= there:
        return
    fewer = f"lower it to {int(there / each)}, or lower" if there >= each else "lower it and"
    raise UserError(
        f"rollout.ray.workers: is {workers}, with {each:g} {what} each, but the Ray cluster has {there:g} {what}; "
        f"{fewer} rollout.ray.{key}"
    )


def _raised_there(cause: Exception, report: str) -> Exception:
    """What a worker raised; an error that a user can fix as it is."""
    if isinstance(cause, UserError):
        return UserError(str(cause))
    told = RuntimeError(f"in a Ray worker: {type(cause).__name__}: {first_line(cause)}")
    told.add_note(report)
    return told
