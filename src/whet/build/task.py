"""Builds the task from a recipe: problems, response format, rewards, and the held-out problems."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from whet.build.answer_checker import build_answer_checker, build_tests
from whet.build.renderer import build_renderer
from whet.build.shared import led, shared_mixture
from whet.config import Config
from whet.data.curriculum import ByLevel
from whet.data.load_data import load_data, load_source
from whet.data.overlap import refuse_overlap
from whet.data.prompt_length import PromptLengthFilter
from whet.data.prompts import PromptRenderer
from whet.data.stream import ProblemStream, held_out
from whet.formats import ResponseFormat, build_format
from whet.protocols import AnswerChecker, Problems
from whet.text import Log, silent
from whet.types import Problem, Prompt
from whet.workers.math_compare import AnswerComparer

if TYPE_CHECKING:
    from whet.rewards.mixture import Mixture

AS_TRAINED = frozenset({"train", "check", "own", "format"})
"""Purposes, up to a slash, that sample up to the training's limit of tokens: what predicts or prepares the training."""


@dataclass(frozen=True)
class EvalSet:
    """Held-out prompts, and the checker of answers to them."""

    prompts: Sequence[Prompt]
    check_answer: AnswerChecker
    equal: AnswerComparer
    """Whether two answers are the same; what `check_answer` compares with too."""


@dataclass(frozen=True)
class Task:
    """Training problems, how prompts are rendered, the rewards, and the held-out set."""

    train: Sequence[Problem]
    solutions: Sequence[Problem]
    """Problems with worked solutions for the warm start: those of `train` unless the recipe names others."""
    renderer: PromptRenderer
    response_format: ResponseFormat
    reward: "Mixture"
    stream: Problems
    eval_set: EvalSet


def build_task(config: Config, tokenizer: Any, context: int | None = None, log: Log = silent) -> Task:
    """Loads problems and builds format, rewards and held-out set; prompts too long for `context` tokens are left out.

    `log` is told what the model's chat template does unexpectedly.

    Raises `UserError` for data that cannot be read, and for held-out problems that either stage trains on.
    """
    response_format = build_format(config.format)
    renderer = build_renderer(config, tokenizer, response_format, log)
    rooms = {
        split: PromptLengthFilter(renderer, context, longest_response(config, split)) for split in ("train", "test")
    }
    train, test = load_data(config.data, config.seed, rooms)
    solutions = train
    if config.sft.data and config.sft.when != "never":
        solutions = load_source(config.sft.data, "train", config.seed, "sft.data", config.data.question)
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
    """Builds the grader, r_i: the weighted sum of the recipe's rewards. Raises `UserError` for an invalid reward."""
    from whet.build.services import connect
    from whet.rewards.mixture import Mixture
    from whet.rewards.registry import build_reward
    from whet.workers.reward_function import load_reward

    known, equal = {"max_tokens": config.grpo.sampling.max_tokens}, AnswerComparer(budget=seconds_per_grading(config))
    parts = [
        build_reward(reward, response_format, load_reward, known, connect, f"rewards.{index}", equal)
        for index, reward in enumerate(config.rewards)
    ]
    return shared_mixture(Mixture(parts, equal.take_timeouts))


def seconds_per_grading(config: Config) -> float:
    """Returns the seconds for comparing the answers of one grading; dynamic sampling grades `draws` times in a step."""
    return config.grpo.comparison_seconds / config.grpo.draws


def build_stream(config: Config, train: Sequence[Problem], renderer: PromptRenderer) -> Problems:
    """Returns the sampler of training problems, q ~ P(Q): shuffled epochs, or easy problems first."""
    curriculum = config.grpo.curriculum
    if curriculum and curriculum.by == "level":
        return ByLevel(train, renderer, curriculum, config.seed)
    return ProblemStream(train, renderer, config.seed)


def build_eval_set(
    config: Config, problems: Sequence[Problem], renderer: PromptRenderer, response_format: ResponseFormat
) -> EvalSet:
    """Returns the evaluation set: `eval.problems` of the held-out problems, in a fixed order, and their checker."""
    chosen = held_out(problems, config.eval.problems)
    equal = AnswerComparer()
    check_answer = led(build_answer_checker(response_format, build_tests(config), equal))
    return EvalSet([renderer.render(problem) for problem in chosen], check_answer, equal)


def longest_response(config: Config, purpose: str) -> int:
    """Returns the limit on completion tokens for `purpose`: `eval.max_tokens` for evaluations, else the training's."""
    trained = config.grpo.sampling.max_tokens
    return trained if purpose.partition("/")[0] in AS_TRAINED else config.eval.max_tokens or trained
