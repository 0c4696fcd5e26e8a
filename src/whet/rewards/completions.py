"""What reward functions are handed: the columns of a call, one entry for each rollout of a step.

**One rule about text and messages, the same as TRL's: completions follow their prompts.** Where a prompt is a
list of messages, as always in training, its completion is `[{"role": "assistant", "content": text}]`; where a
prompt is a string, as in a file given to `whet score`, so is its completion. Built-in rewards take both.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from whet.types import Outputs, Problem, Prompt

OWN = frozenset({"prompts", "completions", "completion_ids", "trainer_state", "log_extra", "log_metric"})
"""Keywords of the convention: a column of the data with such a name is not passed on."""


def text_of(completion: Any) -> str:
    """The text of a completion, be it a string or a list of messages.

    >>> text_of("82"), text_of([{"role": "assistant", "content": "82"}])
    ('82', '82')
    """
    if isinstance(completion, str):
        return completion
    return "".join(str(message["content"]) for message in completion)


def columns_of(prompts: Sequence[Prompt], outputs: Outputs) -> dict[str, list[Any]]:
    """The keyword arguments of a reward call over every rollout, prompt by prompt.

    Beside `prompts`, `completions` and `completion_ids`: the gold answer as `answer` and, unless the data has a
    column of its own by that name, as `solution`, which TRL's rewards read; and every other column of the data,
    `None` where a problem has none. Messages are made afresh, so a function may change them.
    """
    samples = [(prompt, out) for prompt, row in zip(prompts, outputs, strict=True) for out in row]
    data = [_row(prompt.problem) for prompt, _ in samples]
    names = {name for row in data for name in row}
    return {
        **{name: [row.get(name) for row in data] for name in sorted(names)},
        "prompts": [[dict(message) for message in prompt.messages] for prompt, _ in samples],
        "completions": [[{"role": "assistant", "content": out.text}] for _, out in samples],
        "completion_ids": [list(out.tokens) for _, out in samples],
    }


def _row(problem: Problem) -> dict[str, Any]:
    columns: Mapping[str, Any] = {"solution": problem.answer, **problem.columns, "answer": problem.answer}
    return {name: value for name, value in columns.items() if name not in OWN}
