"""Work for the disk beside the next step: one thread that does jobs in the order in which they were handed in.

What becomes durable, and in which order. A step's rollouts, its line in metrics.jsonl, its checkpoint and the removal
of older ones are jobs of one queue. So the disk goes through the very states that a program without the thread would
take it through, only later: whenever the process is killed, the run folder is as that program would have left it at an
earlier instant, and resuming needs no rule of its own. For the same reason no job begins after one that failed.

What jobs read must not change under them. Rollouts and metrics never do. Of a checkpoint, what is small is copied when
the job is handed in; tensors are read by the job, and whoever changes them in place waits for
`CheckpointSchedule.until_copied` first (`waiting_roles.py`).
"""

import threading
from collections.abc import Callable
from queue import Queue
from types import TracebackType
from typing import Protocol, Self

Job = Callable[[], object]

ROOM = 8
"""Jobs that may wait: a disk slower than the training holds the training up, not its memory."""


class Jobs(Protocol):
    """Does jobs in order."""

    def submit(self, job: Job) -> bool:
        """Has `job` done after all before it; returns whether it will be. Raises what one of those raised."""
        ...

    def wait(self) -> None:
        """Returns when all jobs are done. Raises what one of them raised."""
        ...

    def check(self) -> None:
        """Raises what a job raised; the jobs after it will never be done."""
        ...


class AtOnce:
    """Plays `Jobs` in the caller's thread."""

    def submit(self, job: Job) -> bool:
        """Does the job."""
        job()
        return True

    def wait(self) -> None:
        """Returns at once."""

    def check(self) -> None:
        """Does nothing: what a job raised has been raised."""


class Never:
    """Plays `Jobs` in a process that leaves the disk to another one: no job is done."""

    def submit(self, job: Job) -> bool:
        """Drops the job."""
        return False

    def wait(self) -> None:
        """Returns at once."""

    def check(self) -> None:
        """Does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class Background:
    """Plays `Jobs` in a thread of its own; leaving the block waits for all jobs, whatever ended it."""

    def __init__(self, room: int = ROOM) -> None:
        self._waiting: Queue[Job | None] = Queue(room)
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="whet background", daemon=True)

    def submit(self, job: Job) -> bool:
        """Hands a job in; waits while there is no room. Raises what an earlier job raised."""
        self.check()
        self._waiting.put(job)
        return True

    def wait(self) -> None:
        """Returns when all jobs are done. Raises what one of them raised."""
        self._waiting.join()
        self.check()

    def check(self) -> None:
        """Raises what a job raised; the jobs after it will never be done."""
        if self._failure is not None:
            raise self._failure

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._waiting.put(None)
        self._thread.join()
        if error is None or self._failure is not error:  # a failure that has been raised is not raised again
            self.check()

    def _work(self) -> None:
        while (job := self._waiting.get()) is not None:
            try:
                if self._failure is None:
                    job()
            except BaseException as error:  # it is the main thread's to handle
                self._failure = error
            finally:
                del job  # what it holds of a step is free while the thread waits for the next
                self._waiting.task_done()
        self._waiting.task_done()
