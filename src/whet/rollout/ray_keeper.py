"""A process of its own that speaks with Ray for the run, which so outlives whatever Ray does to its process.

Ray ends the process that it is used in where the head or its own process on this machine is lost, replaces its handlers
of signals, and prints. The keeper bears that; the run asks it over a pipe, and notices when it is gone.
"""

import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

from whet.errors import ProcessLost, UserError
from whet.rollout.ray_drawing import WorkerLostError

ANSWERED, LOST, WRONG, ENDED, FAILED = range(5)
"""What became of a call: an answer, or what to raise: `WorkerLostError`, `UserError`, `ProcessLost`, `RuntimeError`."""


class Keeper:
    """Does for a cluster what it is asked over a pipe, call after call; workers and handles are numbers there."""

    def __init__(self, pipe: Connection, join: Callable[..., Any]) -> None:
        """`join` makes the cluster, of the arguments that the first message holds."""
        self._pipe, self._join = pipe, join
        self._cluster: Any = None
        self._handles: dict[int, Any] = {}
        self._made = 0

    def serve(self) -> None:
        """Answers until whoever asks is gone, then closes the cluster."""
        try:
            while True:
                self._pipe.send(self._outcome(*self._pipe.recv()))
        except (EOFError, OSError):  # the run has ended, whatever ended it
            pass
        finally:
            if self._cluster is not None:
                self._cluster.close()

    def _outcome(self, method: str, *arguments: Any) -> tuple[Any, ...]:
        """A number of those above and what goes with it."""
        try:
            return ANSWERED, getattr(self, f"do_{method}")(*arguments)
        except WorkerLostError as lost:
            return LOST, str(lost), lost.for_good
        except UserError as wrong:
            return WRONG, str(wrong)
        except ProcessLost as ended:
            return ENDED, str(ended)
        except Exception as error:
            return FAILED, str(error), getattr(error, "__notes__", [])

    def do_join(self, *arguments: Any) -> int:
        """Returns how many workers have begun."""
        self._cluster = self._join(*arguments)
        return len(self._cluster.workers)

    def do_put(self, state: Any, size: int) -> int:
        """Stores a policy's state, whose `size` bytes of weights follow."""
        import torch

        data = torch.empty(size, dtype=torch.uint8).numpy()
        self._pipe.recv_bytes_into(data)
        return self._kept(self._cluster.put(replace(state, data=data)))

    def do_ask(self, worker: int, method: str, arguments: tuple[Any, ...], stored: int | None) -> int:
        """Calls a method of a worker; `stored` is the place in `arguments` of the handle of something stored."""
        given = [self._handles[one] if place == stored else one for place, one in enumerate(arguments)]
        return self._kept(self._cluster.ask(self._cluster.workers[worker], method, *given))

    def do_answered(self, handles: list[int], seconds: float) -> list[int]:
        """Those of them that have an answer."""
        known = {self._handles[handle]: handle for handle in handles}
        return [known[handle] for handle in self._cluster.answered(list(known), seconds)]

    def do_answer(self, handle: int) -> Any:
        """The answer, which is asked for once."""
        return self._cluster.answer(self._handles.pop(handle))

    def do_drop(self, handle: int) -> None:
        """Forgets something stored."""
        self._handles.pop(handle, None)

    def do_know(self, worker: int, name: Any) -> None:
        """As the cluster does."""
        self._cluster.know(self._cluster.workers[worker], name)

    def do_name(self, worker: int) -> str:
        """As the cluster does."""
        name: str = self._cluster.name(self._cluster.workers[worker])
        return name

    def do_end(self, worker: int) -> None:
        """As the cluster does."""
        self._cluster.end(self._cluster.workers[worker])

    def do_refuse_lost_head(self) -> None:
        """As the cluster does."""
        self._cluster.refuse_lost_head()

    def _kept(self, handle: Any) -> int:
        self._made += 1
        self._handles[self._made] = handle
        return self._made


def main() -> None:
    """Serves whoever holds the other end of the pipe, whose number is the argument."""
    from whet.rollout.ray_cluster import RayCluster

    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # of the terminal, for the run
    Keeper(Connection(int(sys.argv[1])), RayCluster).serve()


if __name__ == "__main__":
    main()
