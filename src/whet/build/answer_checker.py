"""Checks completions against gold answers, independently of the rewards, for evaluation and the check."""

from collections.abc import Callable
from functools import partial

from whet.config import Config
from whet.formats import ResponseFormat, build_format
from whet.protocols import AnswerChecker
from whet.types import Problem, Reward, Rollout, Verdict

Tests = Callable[[Problem, str], float]
"""From a problem and a program: the share of the problem's unit tests that it passes."""


def build_answer_checker(
    response_format: ResponseFormat, tests: Tests | None = None, equal: Callable[[str, str], bool] | None = None
) -> AnswerChecker:
    """Right or wrong by the gold answer or the problem's own verifier, whatever the rewards are; with `tests`, programs
    by those. `equal` compares answers; where there is none, it is done in a worker.
    """
    from whet.rewards.answer import find_answer
    from whet.rewards.code_tests.code_blocks import find_code, find_program
    from whet.rewards.verifier import is_right
    from whet.workers.math_compare import AnswerComparer

    compare = equal or AnswerComparer()

    def read(text: str) -> tuple[str | None, str | None]:
        answer = response_format.parse(text).answer
        if tests is None:
            return answer, find_answer(text)
        return answer and find_program(answer), find_code(text)

    def check_answer(text: str, problem: Problem) -> Verdict:
        strict, found = read(text)
        gold, verify = problem.answer, problem.columns.get("verifier") or (tests and partial(tests, problem))
        right = {
            answer: is_right(answer, gold, verify, compare, problem.question)
            for answer in dict.fromkeys((strict, found))
            if answer is not None
        }
        return Verdict(
            correct=strict is not None and right[strict],
            lenient=any(right.values()),
            answer=found if strict is None else strict,
            formatted=response_format.soft(text),
            marked=response_format.partial(text) > 0,
        )

    return check_answer


def build_is_right(config: Config, equal: Callable[[str, str], bool]) -> Callable[[Rollout, Reward, Problem], bool]:
    """Whether a graded rollout is right: by the tests that it was graded by, or else by its answer."""
    from whet.rewards.code_tests.code_tests import code_tests
    from whet.rewards.registry import REWARDS

    tests = next(
        (one.name for one in config.rewards if one.name in REWARDS and REWARDS[one.name].make is code_tests), None
    )
    check_answer = build_answer_checker(build_format(config.format), equal=equal)

    def is_right(rollout: Rollout, reward: Reward, problem: Problem) -> bool:
        return reward.parts.get(tests) == 1.0 if tests else check_answer(rollout.text, problem).correct

    return is_right


def build_tests(config: Config) -> Tests | None:
    """Returns a function that runs a problem's unit tests on a program: 1.0 where all pass.

    None where the recipe has no `code_tests` reward.
    """
    from whet.build.services import open_code_tests
    from whet.config.parameters import read_parameters
    from whet.rewards.code_tests.code_tests import CodeTestsParams, code_tests
    from whet.rewards.completions import OWN
    from whet.rewards.registry import REWARDS

    runs_tests = [one for one in config.rewards if one.name in REWARDS and REWARDS[one.name].make is code_tests]
    if not runs_tests:
        return None
    whole = {**runs_tests[0].params, "fraction": False}
    params = read_parameters(CodeTestsParams, whole, f"rewards.{runs_tests[0].name}.params", runs_tests[0].name)
    reward = code_tests(None, params, open_code_tests(params, aloud=False))

    def tests(problem: Problem, program: str) -> float:
        columns = {name: [value] for name, value in problem.columns.items() if name not in OWN}
        (passed,) = reward(prompts=[""], completions=[program], completion_ids=[[]], **columns)
        return passed if isinstance(passed, float) else 0.0

    return tests
