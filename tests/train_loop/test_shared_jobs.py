"""Nobody goes on before process 0 has written what it has to write."""

import threading
import time
from typing import Any

import pytest

from ranks_in_threads import in_threads
from whet.train_loop.background import Background, Never
from whet.train_loop.shared_jobs import SharedJobs


@pytest.mark.parametrize("count", [1, 2, 3])
def test_all_wait_for_the_first_ones_jobs(count: int) -> None:
    written, may_write = threading.Event(), threading.Event()

    def write() -> None:
        may_write.wait(30)
        time.sleep(0.05)
        written.set()

    def ends(processes: Any) -> bool:
        with Background() if processes.rank == 0 else Never() as own:
            jobs = SharedJobs(own, processes)
            assert jobs.submit(write) is (processes.rank == 0)
            may_write.set()
            jobs.wait()
            return written.is_set()

    assert in_threads(count, ends) == [True] * count


def test_what_a_job_raised_is_raised_in_all() -> None:
    def fails(processes: Any) -> str:
        own = Background() if processes.rank == 0 else Never()
        jobs = SharedJobs(own, processes)
        try:
            with own:
                jobs.submit(lambda: (_ for _ in ()).throw(OSError("full")))
                jobs.wait()
        except OSError as error:
            return str(error)
        return ""

    assert in_threads(2, fails) == ["full", "full"]
