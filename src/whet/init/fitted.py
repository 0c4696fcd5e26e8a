"""Fits the choices to data and model: the reward that gold answers pass, the tokens that solutions need."""

from dataclasses import replace
from typing import TYPE_CHECKING

from whet.diagnose.lengths import measure_lengths
from whet.errors import UserError
from whet.init.choices import Choices
from whet.recipe import make_recipe

if TYPE_CHECKING:
    from whet.build.task import Task

REWARDS = ("accuracy", "exact_match")
"""Rewards for the answer, the first that every gold answer passes is taken."""

GRADED = 200
SHORTEST = 32


def fitted(choices: Choices) -> Choices:
    """Returns the choices with a reward that gold answers pass and a limit that solutions fit in.

    Loads data and tokenizer, no model. Raises `UserError` where no reward fits, naming the first answer that fails.
    """
    from whet.models.load import load_tokenizer

    tokenizer = load_tokenizer(choices.model)
    why = ""
    for reward in REWARDS:
        tried = replace(choices, reward=reward)
        task = _task(tried, tokenizer)
        why = why or _misread(task)
        if not _misread(task):
            return replace(tried, max_tokens=_room(task, choices.max_tokens))
    raise UserError(f"data.train: {why}; give the answers alone in the answer column, or a reward of your own")


def _task(choices: Choices, tokenizer: object) -> "Task":
    from whet.build.task import build_task

    return build_task(make_recipe(choices.tree()), tokenizer)


def _misread(task: "Task") -> str:
    """What of the gold answers does not score full marks; empty where no more fail than a check lets pass."""
    from whet.diagnose.causes import gold_is_misread
    from whet.rewards.gold import gold_failures

    problems = [task.train[place] for place in range(min(GRADED, len(task.train)))]
    failures = gold_failures(problems, task.response_format, task.reward)
    if not gold_is_misread(len(failures), len(problems)):
        return ""
    first = failures[0].problem
    return f"{len(failures)} of {len(problems)} gold answers score less than full marks, {first.name}: {first.answer!r}"


def _room(task: "Task", otherwise: int) -> int:
    """Tokens of a completion: as many as the check suggests for the solutions; `otherwise` without any."""
    from whet.stages.warm_start import example

    problems = [task.train[place] for place in range(min(GRADED, len(task.train)))]
    solved = [example(problem, task, task.renderer) for problem in problems if problem.solution]
    if not solved:
        return otherwise
    lengths = [len(one.response) for one in solved]
    return measure_lengths([len(one.prompt) for one in solved], lengths, SHORTEST).suggested
