"""Many programs against their tests at once: whom the reward `code_tests` asks."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from whet.rewards.calls import RewardError
from whet.rewards.code import same_output
from whet.rewards.code_tests import Exercise, Printing, Test
from whet.sandbox.runner import Cell, SandboxError
from whet.sandbox.wire import PASSED


class CodeTests:
    """Runs programs in a cell, each different one once; plays `whet.rewards.code_tests.Run`."""

    def __init__(self, cell: Cell, stop: bool = False, parallel: int | None = None) -> None:
        """`stop`: whether a program's tests end at the first that fails. `parallel`: one for each core by default."""
        self.cell, self.stop = cell, stop
        self.parallel = parallel or cores()

    def __call__(self, exercises: Sequence[Exercise]) -> list[list[bool] | RewardError]:
        """For each which of its tests it passes, in order, or why the sandbox could not tell."""
        different = list(dict.fromkeys(exercises))
        with ThreadPoolExecutor(self.parallel, "whet-sandbox") as pool:
            results = dict(zip(different, pool.map(self._run, different), strict=True))
        return [results[exercise] for exercise in exercises]

    def _run(self, exercise: Exercise) -> list[bool] | RewardError:
        claims = [test for test in exercise.tests if isinstance(test, str)]
        passed: list[bool] = []
        try:
            said = self.cell.test(exercise.program, claims, exercise.setup, self.stop) if claims else []
            verdicts = iter(said)
            for test in exercise.tests:
                over = self.stop and not all(passed)
                passed.append(not over and self._passes(exercise.program, test, verdicts))
        except SandboxError as error:
            return RewardError(str(error))
        return passed

    def _passes(self, program: str, test: Test, verdicts: Iterator[str]) -> bool:
        return self._prints(program, test) if isinstance(test, Printing) else next(verdicts) == PASSED

    def _prints(self, program: str, test: Printing) -> bool:
        printed = self.cell.run(program, test.input)
        return printed is not None and same_output(printed, test.output)


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
