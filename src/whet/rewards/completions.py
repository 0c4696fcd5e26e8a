"""Keyword arguments of reward functions: columns with one entry for each rollout of a step.

**One rule about text and messages, the same as TRL's: completions follow their prompts.** Where a prompt is a
list of messages, as always in training, its completion is `[{"role": "assistant", "content": text}]`; where a
prompt is a string, as in a file given to `whet score`, so is its completion. Built-in rewards take both.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from whet.formats.reasoning_marks import opened_at_end
from whet.protocols import RewardFn
from whet.types import Outputs, Problem, Prompt, Rollout

OWN = frozenset({"prompts", "completions", "completion_ids", "trainer_state", "log_extra", "log_metric"})
"""Keywords reserved by the convention: a column of the data with such a name is not passed on."""


def text_of(completion: Any) -> str:
    """The text of a completion, given as a string or a list of messages.

    >>> text_of("82"), text_of([{"role": "assistant", "content": "82"}])
    ('82', '82')
    """
    if isinstance(completion, str):
        return completion
    return "".join(str(message["content"]) for message in completion)


def response_of(prompt: Any, completion: Any) -> str:
    r"""The text of a completion, with the mark of reasoning that its prompt ends in before it, as templates write it.

    >>> response_of("What is 37 + 45?<think>\n", "30 + 52.</think> 82")
    '<think>\n30 + 52.</think> 82'
    """
    text = text_of(completion)
    if not isinstance(prompt, str):
        prompt = text_of(prompt[-1:]) if prompt and prompt[-1].get("role") == "assistant" else ""
    opening = opened_at_end(prompt)
    return text if not opening or text.lstrip().startswith(opening.strip()) else opening + text


def responses(prompts: Sequence[Any], completions: Sequence[Any]) -> list[str]:
    """`response_of` for each completion; without prompts their texts."""
    return [response_of(*pair) for pair in zip(prompts or [""] * len(completions), completions, strict=True)]


def question_of(prompt: Any) -> str:
    """The question of a prompt: its last user message, or the whole of a prompt that is a string.

    >>> question_of([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is 37 + 45?"}])
    'What is 37 + 45?'
    """
    if isinstance(prompt, str):
        return prompt
    return next((str(turn["content"]) for turn in reversed(prompt) if turn.get("role") == "user"), "")


def each_text(score: Callable[[str], float]) -> RewardFn:
    """Makes a reward function that applies `score` to the text of each completion."""

    def reward(*, completions: list[Any], prompts: Sequence[Any] = (), **_: Any) -> list[float | None]:
        return [float(score(text)) for text in responses(prompts, completions)]

    return reward


def each_with_question(score: Callable[[str, str], float]) -> RewardFn:
    """Makes a reward function that applies `score` to the text of each completion and its question."""

    def reward(*, completions: list[Any], prompts: Sequence[Any] = (), **_: Any) -> list[float | None]:
        questions = map(question_of, prompts or [""] * len(completions))
        texts = responses(prompts, completions)
        return [float(score(text, question)) for text, question in zip(texts, questions, strict=True)]

    return reward


class Sample(NamedTuple):
    """One rollout of a step, with its prompt."""

    prompt: Prompt
    number: int
    """Its index among the rollouts of its prompt, from 0."""
    rollout: Rollout


def samples_of(prompts: Sequence[Prompt], outputs: Outputs) -> list[Sample]:
    """Every rollout of a step, prompt by prompt."""
    pairs = zip(prompts, outputs, strict=True)
    return [Sample(prompt, number, rollout) for prompt, row in pairs for number, rollout in enumerate(row)]


def columns_of(samples: Sequence[Sample]) -> dict[str, list[Any]]:
    """The keyword arguments of a reward call, one entry for each sample.

    These are `prompts`, `completions`, `completion_ids`; the gold answer as `answer`; every column of the data as it
    stands there, `None` where a problem has none; and, unless the data has columns of these names, the `question`, and
    the gold answer as `solution`, which TRL's rewards read. Messages are copies, so a function may change them.
    """
    data = [_row(sample.prompt.problem) for sample in samples]
    names = sorted({name for row in data for name in row})
    return {
        **{name: [row.get(name) for row in data] for name in names},
        "prompts": [[dict(message) for message in sample.prompt.messages] for sample in samples],
        "completions": [[{"role": "assistant", "content": sample.rollout.text}] for sample in samples],
        "completion_ids": [list(sample.rollout.tokens) for sample in samples],
    }


def _row(problem: Problem) -> dict[str, Any]:
    columns: Mapping[str, Any] = {
        "question": problem.question,
        "solution": problem.answer,
        **problem.columns,
        "answer": problem.answer,
    }
    return {name: value for name, value in columns.items() if name not in OWN}
