"""An actor on a node of a Ray cluster, as it is asked from here."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import mkstemp
from typing import Any, Self

from whet.cluster.node_process import ANSWER, NodeProcess, Whereabouts, seen
from whet.cluster.ray_head import why_silent
from whet.cluster.ray_name import refuse_other_version
from whet.cluster.ray_start import what_ray_says
from whet.errors import UserError

EVERY = 0.5
"""Seconds between two looks at what else may end the wait for an answer."""

LEAVING = 15.0
"""Seconds within which a node that has left is known to have: its actors are lost before."""


class GoneError(Exception):
    """The actor is gone: what Ray says of it."""


class NodeActor:
    """A `NodeProcess` on some node."""

    def __init__(self, ray: Any, actor: Any, look: Callable[[], None]) -> None:
        """`look` is called now and then while an answer is awaited, and may raise what ends the wait."""
        self._ray, self._actor, self._look = ray, actor, look
        self.host, self._node = "a node", ""
        self._lost_at = 0.0

    @classmethod
    def begun(cls, ray: Any, look: Callable[[], None], **options: Any) -> Self:
        """Begins an actor that Ray does not begin again, with Ray's options for its size and place."""
        kept = {"max_restarts": 0, "max_task_retries": 0, "max_concurrency": 1}
        return cls(ray, ray.remote(**kept, **options)(NodeProcess).remote(), look)

    def ask(self, method: str, *arguments: Any) -> Any:
        """Calls a method of the actor, and returns its answer. Raises as `begin` and `answer`."""
        return self.answer(self.begin(method, *arguments))

    def begin(self, method: str, *arguments: Any) -> Any:
        """Calls a method of the actor, and returns a handle of the answer. Raises `GoneError`."""
        try:
            return getattr(self._actor, method).remote(*arguments)
        except self._ray.exceptions.RayError as error:
            raise self._gone(error) from error

    def has_answered(self, handle: Any) -> bool:
        """Whether an answer is there, or an error."""
        return bool(self._ray.wait([handle], num_returns=1, timeout=0)[0])

    def answer(self, handle: Any) -> Any:
        """Waits for an answer, and returns it. Raises `GoneError`, and what `look` raises."""
        while not self._ray.wait([handle], num_returns=1, timeout=EVERY)[0]:
            self._look()
        try:
            return self._ray.get(handle)
        except self._ray.exceptions.RayError as error:
            raise self._gone(error) from error

    def met(self, handle: Any, key: str) -> Whereabouts:
        """Returns where the actor lives, which the answer says.

        Raises `UserError` for another version of Whet there: `key` is the setting that names the cluster.
        """
        found: Whereabouts = self.answer(handle)
        self.host, self._node = found.name.host, found.node
        refuse_other_version(found.name, key)
        return found

    def has_left(self) -> bool:
        """Whether the node of the actor is gone, which is known a moment after the actor is."""
        while self._node and not why_silent(self._head()):  # who else would know
            if not any(node["Alive"] for node in self._ray.nodes() if node["NodeID"] == self._node):
                return True
            if time.monotonic() > self._lost_at + LEAVING:
                break
            time.sleep(EVERY)
        return False

    def refuse_other_folder(self, folder: str, key: str, fix: str) -> None:
        """Raises `UserError` where the node and this machine do not see each other's files in a folder."""
        try:
            descriptor, path = mkstemp(prefix=".seen.", suffix=".tmp", dir=folder)
        except OSError as error:
            raise UserError(f"{key}: {folder} cannot be written ({error.strerror}); {fix}") from error
        os.close(descriptor)
        try:
            if self.ask("sees", path) and seen(Path(path + ANSWER)):
                return
        finally:
            Path(path).unlink()
            Path(path + ANSWER).unlink(missing_ok=True)
        raise UserError(f"{key}: {self.host} and this machine do not see the same files in {folder}; {fix}")

    def _gone(self, error: Exception) -> GoneError:
        self._lost_at = time.monotonic()
        return GoneError(what_ray_says(error))

    def _head(self) -> str:
        return str(self._ray.get_runtime_context().gcs_address)


def gpus_of(asked: int | None, nodes: Sequence[Mapping[str, Any]]) -> int:
    """Returns the GPUs of a process on a cluster: those asked for, else one where any of its nodes has some."""
    return int(any(node["Resources"].get("GPU", 0) for node in nodes)) if asked is None else asked
