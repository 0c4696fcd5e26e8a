"""Jobs beside the training: in order, none after a failure, and all done at the end."""

import threading

import pytest

from whet.train_loop.background import AtOnce, Background, Jobs, Never


def test_jobs_are_done_in_order_on_another_thread() -> None:
    done: list[int] = []
    threads = set()

    def job(number: int) -> None:
        done.append(number)
        threads.add(threading.current_thread())

    with Background(room=2) as jobs:
        for number in range(20):
            jobs.submit(lambda number=number: job(number))
        jobs.wait()
        assert done == list(range(20))
    assert len(threads) == 1
    assert threading.current_thread() not in threads


def test_the_caller_goes_on_while_a_job_is_done() -> None:
    gate, began = threading.Event(), threading.Event()
    with Background() as jobs:
        jobs.submit(lambda: (began.set(), gate.wait()))
        assert began.wait(10)
        gate.set()  # reached while the job waits for it


def test_leaving_the_block_waits_for_all_jobs_whatever_ended_it() -> None:
    done: list[int] = []
    gate = threading.Event()

    def interrupted() -> None:
        with Background() as jobs:
            jobs.submit(gate.wait)
            jobs.submit(lambda: done.append(1))
            gate.set()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interrupted()
    assert done == [1]


@pytest.mark.parametrize("how", ["submit", "wait", "check", "leave"])
def test_a_failure_reaches_the_caller_and_nothing_is_done_after_it(how: str) -> None:
    done: list[int] = []

    def fail() -> None:
        raise OSError(28, "No space left on device")

    def train() -> None:
        with Background() as jobs:
            jobs.submit(fail)
            jobs.submit(lambda: done.append(1))
            jobs._waiting.join()
            if how == "submit":
                jobs.submit(lambda: done.append(2))
            elif how != "leave":
                getattr(jobs, how)()

    with pytest.raises(OSError, match="No space"):
        train()
    assert done == []


def test_an_error_of_the_block_gives_way_to_that_of_a_job() -> None:
    """A stop says that the step is saved; where saving it failed, that is what must be told."""

    def fail() -> None:
        raise OSError(28, "No space left on device")

    def stopped() -> None:
        with Background() as jobs:
            jobs.submit(fail)
            raise KeyboardInterrupt

    with pytest.raises(OSError, match="No space"):
        stopped()


def test_at_once_is_in_the_callers_thread() -> None:
    jobs: Jobs = AtOnce()
    seen: list[threading.Thread] = []
    jobs.submit(lambda: seen.append(threading.current_thread()))
    jobs.wait()
    jobs.check()
    assert seen == [threading.current_thread()]


def test_jobs_of_a_process_that_does_not_write_are_dropped() -> None:
    done: list[int] = []
    with Never() as jobs:
        assert not jobs.submit(lambda: done.append(1))
        jobs.wait()
        jobs.check()
    assert done == []
    assert AtOnce().submit(lambda: done.append(2))
    assert done == [2]
