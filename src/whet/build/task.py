"""What is to be learned, from a recipe: problems, response format, rewards, and the held-out problems."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from whet.build.answer_checker import build_answer_checker, build_tests
from whet.config import Config
from whet.data.curriculum import ByLevel
from whet.data.load_data import load_data, load_source
from whet.data.overlap import refuse_overlap
from whet.data.prompt_length import PromptLengthFilter
from whet.data.prompts import PromptRenderer
from whet.data.stream import ProblemStream, held_out
from whet.formats import ResponseFormat, build_format
from whet.protocols import AnswerChecker, Problems
from whet.types import Problem, Prompt
from whet.workers.math_compare import AnswerComparer

if TYPE_CHECKING:
    from whet.rewards.mixture import Mixture

AS_TRAINED = frozenset({"train", "check"})
"""What the check finds is about the training to come, so it samples as the training does."""


@dataclass(frozen=True)
class EvalSet:
    """What a policy is measured on: held-out prompts, and who says what is right."""

    prompts: Sequence[Prompt]
    check_answer: AnswerChecker
    equal: AnswerComparer
    """Whether two answers are the same; what `check_answer` compares with too."""


@dataclass(frozen=True)
class Task:
    """What is to be learned: problems, how they are asked, what a response is worth, and the exam at the end."""

    train: Sequence[Problem]
    solutions: Sequence[Problem]
    """What a warm start would imitate: problems with worked solutions, those of `train` unless the recipe says."""
    renderer: PromptRenderer
    response_format: ResponseFormat
    reward: "Mixture"
    stream: Problems
    eval_set: EvalSet


def build_task(config: Config, tokenizer: Any, context: int | None = None) -> Task:
    """Problems, format and rewards; refuses held-out problems that are trained on, by either stage.

    Prompts that leave no room for a response in `context` tokens are left out.
    """
    response_format = build_format(config.format)
    renderer = PromptRenderer(tokenizer, response_format, config.data.question)
    rooms = {
        split: PromptLengthFilter(renderer, context, longest_response(config, split)) for split in ("train", "test")
    }
    train, test = load_data(config.data, config.seed, rooms)
    solutions = train
    if config.sft.data and config.sft.when != "never":
        solutions = load_source(config.sft.data, "train", config.seed, "sft.data")
        refuse_overlap(solutions, test)
    return Task(
        train=train,
        solutions=solutions,
        renderer=renderer,
        response_format=response_format,
        reward=build_grader(config, response_format),
        stream=build_stream(config, train, renderer),
        eval_set=build_eval_set(config, test, renderer, response_format),
    )


def build_grader(config: Config, response_format: ResponseFormat) -> "Mixture":
    """r_i: the weighted sum of the recipe's rewards."""
    from whet.build.services import connect
    from whet.rewards.mixture import Mixture
    from whet.rewards.registry import build_reward
    from whet.workers.reward_function import load_reward

    known, equal = {"max_tokens": config.grpo.sampling.max_tokens}, AnswerComparer()
    parts = [
        build_reward(reward, response_format, load_reward, known, connect, f"rewards.{index}", equal)
        for index, reward in enumerate(config.rewards)
    ]
    return Mixture(parts, equal.take_timeouts)


def build_stream(config: Config, train: Sequence[Problem], renderer: PromptRenderer) -> Problems:
    """q ~ P(Q): epoch after epoch, or easy problems first."""
    curriculum = config.grpo.curriculum
    if curriculum and curriculum.by == "level":
        return ByLevel(train, renderer, curriculum, config.seed)
    return ProblemStream(train, renderer, config.seed)


def build_eval_set(
    config: Config, problems: Sequence[Problem], renderer: PromptRenderer, response_format: ResponseFormat
) -> EvalSet:
    """The first `eval.problems` of the held-out problems, in an order of their own."""
    chosen = held_out(problems, config.eval.problems)
    equal = AnswerComparer()
    check_answer = build_answer_checker(response_format, build_tests(config), equal)
    return EvalSet([renderer.render(problem) for problem in chosen], check_answer, equal)


def longest_response(config: Config, purpose: str) -> int:
    """Tokens after which a response is truncated: measurements may have a limit of their own."""
    trained = config.grpo.sampling.max_tokens
    return trained if purpose in AS_TRAINED else config.eval.max_tokens or trained
