"""The `code_tests` reward: runs the program of a completion in a sandbox against its problem's tests."""

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import Field

from whet.config import Section
from whet.errors import UserError, did_you_mean
from whet.formats import ResponseFormat
from whet.protocols import RewardFn
from whet.rewards.calls import RewardError
from whet.rewards.code_tests.code_blocks import find_program
from whet.rewards.completions import OWN, text_of


class Printing(NamedTuple):
    """A test of a whole program: its standard input, and the expected output."""

    input: str
    output: str


Test = str | Printing
"""Python assertions about what the program defines, or input and expected output."""


class Exercise(NamedTuple):
    """A program and its tests."""

    program: str
    tests: tuple[Test, ...]
    setup: str = ""
    """Statements that run before each test."""


RunTests = Callable[[Sequence[Exercise]], list[list[bool] | RewardError]]
"""Runs programs: for each, whether it passes each of its tests, in order, or why they could not run."""


class CodeTestsParams(Section):
    """Parameters of `code_tests`."""

    tests: str = "tests"
    """The column with a problem's tests: assertions as strings, or `{input, output}` of a whole program."""
    setup: str = "test_setup_code"
    """The column with statements that run before each assertion, such as imports; optional."""
    timeout: float = Field(5.0, gt=0, le=600)
    """Seconds per test; the first one's include loading the program."""
    memory: int = Field(512, ge=128, le=1_048_576)
    """Megabytes of address space for a program."""
    fraction: bool = False
    """Whether the reward is the share of passed tests; otherwise all must pass."""
    unsafe: bool = False
    """Whether programs run even where no full sandbox works, with what protection there is."""


def code_tests(response_format: ResponseFormat | None, params: CodeTestsParams, run: RunTests) -> RewardFn:
    """1.0 where the program passes all of its tests, or, with `fraction`, the share that it passes.

    A completion without a program gets 0; a problem without tests is not applicable.
    """

    def reward(*, completions: list[Any], **columns: Any) -> list[float | RewardError | None]:
        tests = _column(params.tests, columns)
        setups = columns.get(params.setup) or [None] * len(completions)
        programs = [find_program(text_of(completion), response_format) for completion in completions]
        exercises = [_exercise(*row) for row in zip(programs, tests, setups, strict=True)]
        ran = iter(run([one for one in exercises if isinstance(one, Exercise)]))
        return [_score(next(ran), params.fraction) if isinstance(one, Exercise) else one for one in exercises]

    return reward  # type: ignore[return-value]  # a `RewardError` in the list is a reward that failed


def _column(name: str, columns: Mapping[str, Any]) -> list[Any]:
    if name in columns:
        return list(columns[name])
    there = sorted(set(columns) - OWN)
    known = f"the data has {', '.join(there) or 'none'}{did_you_mean(name, there)}"
    raise UserError(f"rewards.params.tests of 'code_tests' is {name!r}: there is no such column; {known}")


def _exercise(program: str | None, tests: Any, setup: Any) -> Exercise | float | RewardError | None:
    """The exercise to run, or the reward where there is none."""
    if tests is None:
        return None
    try:
        before = read_setup(setup)
        read = read_tests(tests, before)
    except RewardError as error:
        return error
    return 0.0 if program is None or not program.strip() else Exercise(program, read, before)


def _score(passed: list[bool] | RewardError, fraction: bool) -> float | RewardError:
    if isinstance(passed, RewardError):
        return passed
    return sum(passed) / len(passed) if fraction else float(all(passed))


def read_setup(value: Any) -> str:
    """Joins setup statements, given as a string, a list of strings or `None`; raises `RewardError` for others."""
    lines = [value] if isinstance(value, str) else [] if value is None else value
    if not isinstance(lines, list | tuple) or not all(isinstance(line, str) for line in lines):
        raise RewardError(f"has a problem whose setup is no code: {str(value)[:60]!r}")
    return "\n".join(lines)


def read_tests(value: Any, setup: str = "") -> tuple[Test, ...]:
    """Parses a problem's tests from the value of its column.

    Raises:
        RewardError: there are none, or one has another form, is not Python, or has no assertion, even in `setup`.

    >>> read_tests(["assert f(1) == 2", {"input": "3", "output": "9"}])
    ('assert f(1) == 2', Printing(input='3', output='9'))
    """
    items = [value] if isinstance(value, str | Mapping) else value
    if not isinstance(items, list | tuple) or not items:
        raise RewardError(f"has a problem without tests: {str(value)[:60]!r}")
    return tuple(_assertion(item, setup) if isinstance(item, str) else _printing(item) for item in items)


def _assertion(test: str, setup: str) -> str:
    try:
        nodes = [*ast.walk(ast.parse(setup)), *ast.walk(ast.parse(test))]
    except (SyntaxError, ValueError) as error:
        raise RewardError(f"has a test that is not Python: {test[:60]!r} ({error})") from None
    if not any(isinstance(node, ast.Assert) for node in nodes):
        raise RewardError(f"has a test that asserts nothing: {test[:60]!r}")
    return test


def _printing(item: Any) -> Printing:
    given, printed = (item.get("input", ""), item.get("output")) if isinstance(item, Mapping) else (None, None)
    if not isinstance(given, str) or not isinstance(printed, str):
        raise RewardError(f"has a test that is neither a text nor {{input, output}} of texts: {str(item)[:60]!r}")
    return Printing(given, printed)
