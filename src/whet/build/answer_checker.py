"""Checks completions against gold answers, independently of the rewards, for evaluation and the check."""

from collections.abc import Callable
from functools import cache

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
    from whet.workers.math_compare import AnswerComparer

    judges = (
        _by_answer(response_format, equal or AnswerComparer()) if tests is None else _by_tests(response_format, tests)
    )

    def check_answer(text: str, problem: Problem) -> Verdict:
        (strict, in_place), (lenient, anywhere) = judges(text, problem)
        return Verdict(
            correct=strict,
            lenient=strict or lenient,
            answer=anywhere if in_place is None else in_place,
            formatted=response_format.soft(text),
            marked=response_format.partial(text) > 0,
        )

    return check_answer


Judges = Callable[[str, Problem], tuple[tuple[bool, str | None], tuple[bool, str | None]]]
"""From a completion: whether the answer in the format's place is right, and that answer; the same of the one found
anywhere."""


def _by_answer(response_format: ResponseFormat, equal: Callable[[str, str], bool]) -> Judges:
    from whet.rewards.answer import find_candidate
    from whet.rewards.gold_answer import golds_of
    from whet.rewards.judgement import Judgement, finder, judge

    in_place = finder(response_format)

    def found(one: Judgement) -> tuple[bool, str | None]:
        return one.right, one.candidate.answer if one.candidate and one.candidate.forms else None

    def judges(text: str, problem: Problem) -> tuple[tuple[bool, str | None], tuple[bool, str | None]]:
        golds = golds_of(problem.answer, problem.columns.get("accepted"))
        once = cache(equal)
        verify = problem.columns.get("verifier")
        strict, lenient = (
            judge(text, find, golds, verify, once, problem.question) for find in (in_place, find_candidate)
        )
        return found(strict), found(lenient)

    return judges


def _by_tests(response_format: ResponseFormat, tests: Tests) -> Judges:
    from whet.rewards.code_tests.code_blocks import find_code, find_program

    def judges(text: str, problem: Problem) -> tuple[tuple[bool, str | None], tuple[bool, str | None]]:
        passes = cache(lambda program: bool(program.strip()) and tests(problem, program) >= 1.0)
        answer = response_format.parse(text).answer
        found = answer and find_program(answer), find_code(text)
        strict, lenient = ((program is not None and passes(program), program) for program in found)
        return strict, lenient

    return judges


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
