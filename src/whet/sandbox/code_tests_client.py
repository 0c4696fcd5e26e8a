"""Client of the sandbox for the reward `code_tests`: runs many programs against their tests in parallel."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from queue import SimpleQueue

from whet.rewards.calls import RewardError
from whet.rewards.code_tests.code_blocks import same_output
from whet.rewards.code_tests.code_tests import Exercise, Printing, Test
from whet.sandbox.run_tests import Sandbox
from whet.sandbox.server import SandboxError, Server
from whet.sandbox.wire import PASSED


class CodeTests:
    """Runs each distinct exercise once in a sandbox; implements `whet.rewards.code_tests.code_tests.RunTests`."""

    def __init__(self, sandbox: Sandbox, stop: bool = False, parallel: int | None = None) -> None:
        """`stop`: end a program's tests at the first failure. `parallel`: programs at once, by default one per core."""
        self.sandbox, self.stop = sandbox, stop
        self.parallel = parallel or cores()

    def __call__(self, exercises: Sequence[Exercise]) -> list[list[bool] | RewardError]:
        """Returns for each exercise whether each of its tests passed, in order, or a `RewardError` of the sandbox."""
        different = list(dict.fromkeys(exercises))
        servers: SimpleQueue[Server] = SimpleQueue()
        with ExitStack() as held:
            try:
                for _ in range(min(self.parallel, len(different))):
                    servers.put(held.enter_context(Server(self.sandbox.backend)))
            except SandboxError as error:
                return [RewardError(str(error)) for _ in exercises]
            pool = held.enter_context(ThreadPoolExecutor(self.parallel, "whet-sandbox"))
            results = dict(zip(different, pool.map(partial(self._run, servers), different), strict=True))
        return [results[exercise] for exercise in exercises]

    def _run(self, servers: "SimpleQueue[Server]", exercise: Exercise) -> list[bool] | RewardError:
        server = servers.get()
        try:
            return self._passed(exercise, server)
        except SandboxError as error:
            return RewardError(str(error))
        finally:
            servers.put(server)

    def _passed(self, exercise: Exercise, server: Server) -> list[bool]:
        program, setup = exercise.program, exercise.setup
        assertions = [test for test in exercise.tests if isinstance(test, str)]
        verdicts = iter(self.sandbox.test(program, assertions, setup, self.stop, server) if assertions else [])
        passed: list[bool] = []
        for test in exercise.tests:
            over = self.stop and not all(passed)
            passed.append(not over and self._passes(program, test, verdicts, server))
        return passed

    def _passes(self, program: str, test: Test, verdicts: Iterator[str], server: Server) -> bool:
        if not isinstance(test, Printing):
            return next(verdicts) == PASSED
        printed = self.sandbox.run(program, test.input, server)
        return printed is not None and same_output(printed, test.output)


def cores() -> int:
    """Number of CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
