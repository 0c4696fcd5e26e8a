"""Joins a Ray cluster, or starts one on this machine, and begins sampling workers as its actors."""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from whet.config.engines import RayConfig
from whet.errors import ProcessLost, UserError
from whet.rollout.native import NativeSampler
from whet.rollout.policy_state import PolicyState
from whet.rollout.ray_drawing import WorkerLostError
from whet.rollout.ray_head import Head, why_silent
from whet.rollout.ray_worker import SamplingWorker
from whet.text import first_line

ENVIRONMENT = {
    "RAY_gcs_rpc_server_reconnect_timeout_s": "86400",  # else Ray ends this process a minute after the head is lost
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
"""What Ray reads when it starts; variables that are set already stay."""

BEGIN = 90.0
"""Seconds that workers have to begin: they import PyTorch."""

VERSIONS = 3
"""Versions of the weights that a cluster on this machine has room for: workers read one while the next is stored."""

SMALLEST_STORE = 128 * 2**20
"""Bytes of an object store on this machine, at least."""


class RayCluster:
    """Plays `Cluster`."""

    _last: "RayCluster | None" = None

    def __init__(
        self, config: RayConfig, weight_bytes: int = 0, make: Callable[[], NativeSampler] = NativeSampler
    ) -> None:
        """Begins the workers, whose engines `make` makes; those of an earlier run in this process end.

        Raises `UserError` where the cluster cannot be joined or has no room for them.
        """
        import ray

        self._ray: Any = ray
        self._own = False
        if RayCluster._last is not None:
            RayCluster._last.close()
        RayCluster._last = self
        if not ray.is_initialized():
            self._connect(config, weight_bytes)
        try:
            self._head = Head(ray.get_runtime_context().gcs_address)
            self.workers: Sequence[Any] = self._begun(config, make)
            self._refuse_absent(config)
        except BaseException:
            self.close()
            raise

    def put(self, state: PolicyState) -> Any:
        """Stores an object once for all workers, and returns a handle of it."""
        try:
            return self._ray.put(state)
        except Exception as error:
            raise ProcessLost(f"Ray cannot store the weights ({_said(error)}): resume the run") from error

    def ask(self, worker: Any, method: str, *arguments: Any) -> Any:
        """Calls a method of a worker, and returns a handle of the answer."""
        try:
            return getattr(worker, method).remote(*arguments)
        except self._ray.exceptions.RayError as error:
            raise WorkerLostError(_said(error)) from error

    def answered(self, handles: Sequence[Any], seconds: float) -> list[Any]:
        """Returns handles that have an answer, after waiting for one so long at most."""
        ready, _ = self._ray.wait(list(handles), num_returns=1, timeout=seconds)
        return list(ready)

    def answer(self, handle: Any) -> Any:
        """Returns an answer. Raises what the worker raised, and `WorkerLostError` where it ended."""
        try:
            return self._ray.get(handle)
        except self._ray.exceptions.RayError as error:
            if isinstance(error, self._ray.exceptions.RayTaskError) and not self._is_of_ray(error.cause):
                raise _raised_there(error) from error
            raise WorkerLostError(_said(error)) from error

    def end(self, worker: Any) -> None:
        """Ends the process of a worker, which is begun anew."""
        self._ray.kill(worker, no_restart=False)

    def refuse_lost_head(self) -> None:
        """Raises `ProcessLost` where the head has not answered for a while."""
        self._head.refuse_lost()

    def close(self) -> None:
        """Ends the workers, and the cluster where it was started for them."""
        if RayCluster._last is self:
            RayCluster._last = None
        if not self._ray.is_initialized():
            return
        if self._own:
            self._ray.shutdown()
            return
        for worker in getattr(self, "workers", ()):
            with suppress(Exception):
                self._ray.kill(worker)

    def _is_of_ray(self, error: object) -> bool:
        return isinstance(error, self._ray.exceptions.RayError)

    def _connect(self, config: RayConfig, weight_bytes: int) -> None:
        for name, value in ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        here: dict[str, Any] = {}
        if config.address == "local":
            store = max(VERSIONS * weight_bytes, SMALLEST_STORE)
            here = {"include_dashboard": False, "object_store_memory": store}
        elif config.address != "auto" and (why := why_silent(config.address)):
            raise _unreachable(config.address, why)
        try:
            with _own_signals():
                self._ray.init(config.address, log_to_driver=False, logging_level="CRITICAL", namespace="whet", **here)
        except Exception as error:
            raise _unreachable(config.address, _said(error)) from error
        self._own = True

    def _begun(self, config: RayConfig, make: Callable[[], NativeSampler]) -> list[Any]:
        """The actors. Raises `UserError` where the cluster is too small for them."""
        there = self._ray.cluster_resources()
        gpus = config.gpus if config.gpus is not None else float(there.get("GPU", 0) > 0)
        for what, key, each in (("CPU", "cpus", config.cpus), ("GPU", "gpus", gpus)):
            if each * config.workers > (has := there.get(what, 0)):
                raise UserError(
                    f"rollout.ray.workers: is {config.workers}, with {each:g} {what} each, but the Ray cluster has "
                    f"{has:g}; lower it{f' to {int(has / each)}' if has >= each else ''}, or rollout.ray.{key}"
                )
        # restarted for ever, but Ray makes no call twice by itself: what was lost is drawn again by `Drawing`
        options = {"max_restarts": -1, "max_task_retries": 0, "max_concurrency": 1}
        actor = self._ray.remote(num_cpus=config.cpus, num_gpus=gpus, **options)(SamplingWorker)
        return [actor.remote(max(int(config.cpus), 1), gpus > 0, make) for _ in range(config.workers)]

    def _refuse_absent(self, config: RayConfig) -> None:
        """Waits until all workers answer. Raises `UserError` where one does not, or has another version of Whet."""
        from whet import __version__

        asked = [self.ask(worker, "release_of_whet") for worker in self.workers]
        ready, late = self._ray.wait(asked, num_returns=len(asked), timeout=BEGIN)
        try:
            versions = {self.answer(handle) for handle in ready}
        except WorkerLostError as error:
            fix = "install there what is installed here"
            raise UserError(f"rollout.ray.address: a worker does not begin there ({error}); {fix}") from error
        if late:
            what = f"{len(ready)} of {config.workers} have begun after {BEGIN:.0f} s: the rest of the cluster is taken"
            raise UserError(f"rollout.ray.workers: {what}; lower it, or wait until there is room")
        if other := versions - {__version__}:
            raise UserError(
                f"rollout.ray.address: a worker there has Whet {', '.join(sorted(other))}, this machine {__version__}; "
                "install the same"
            )


def _unreachable(address: str, why: str) -> UserError:
    """The error of a cluster that cannot be joined."""
    if address == "local":
        return UserError(f"rollout.engine: Ray does not start on this machine ({why}); set it to native")
    fix = "start it with `ray start --head` there and `ray start --address HOST:PORT` here, or set it to local"
    return UserError(f"rollout.ray.address: is {address}, where no Ray cluster can be joined ({why}); {fix}")


def _raised_there(error: Any) -> Exception:
    """What a worker raised, an error that a user can fix as it is."""
    cause = error.cause
    if isinstance(cause, UserError):
        return UserError(str(cause))
    told = RuntimeError(f"in a Ray worker: {type(cause).__name__}: {first_line(cause)}")
    told.add_note(str(error))
    return told


def _said(error: BaseException) -> str:
    """What Ray says of an error in one line; of a worker that ended, whose it was and why."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    wanted = [line for line in lines if line.startswith(("ip:", "pid:", "Worker exit type:", "The node"))]
    return first_line(Exception("; ".join([lines[0].rstrip("."), *wanted]) if lines else type(error).__name__))


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keeps the handlers of signals that Ray replaces when it starts."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
