"""Functions as people write them for TRL: those for texts and those for messages are told apart by their code."""

import functools
import math
import re
from operator import itemgetter
from typing import Any

import pytest

from whet.rewards.reads_text import reads_text

KEY = "content"
content = itemgetter("content")


def near_twenty(completions: list[Any], **kwargs: Any) -> list[float]:
    return [-abs(20 - len(completion)) for completion in completions]


def has_tags(completions: list[Any], **kwargs: Any) -> list[float]:
    return [1.0 if re.search(r"<think>.*</think>", completion) else 0.0 for completion in completions]


def with_content(completions: list[Any], **kwargs: Any) -> list[float]:
    return [float(len(completion[0]["content"])) for completion in completions]


def first_text(completion: Any) -> str:
    return str(completion[0]["content"])


def through_a_helper(completions: list[Any], **kwargs: Any) -> list[float]:
    return [float(len(first_text(completion))) for completion in completions]


def by_a_constant(completions: list[Any], **kwargs: Any) -> list[float]:
    return [float(len(completion[0][KEY])) for completion in completions]


def by_a_getter(completions: list[Any], **kwargs: Any) -> list[float]:
    return [float(len(content(completion[0]))) for completion in completions]


def either(completions: list[Any], **kwargs: Any) -> list[float]:
    return [float(len(one if isinstance(one, str) else one[0].get("content"))) for one in completions]


def per_text(function: Any) -> Any:
    """A decorator that hides the signature."""

    def all_of(*args: Any, **kwargs: Any) -> list[float]:
        return [function(one) for one in kwargs["completions"]]

    return all_of


class Length:
    def __call__(self, completions: list[Any], **kwargs: Any) -> list[float]:
        return [self.of(completion) for completion in completions]

    def of(self, completion: Any) -> float:
        return float(len(completion))


class ContentLength(Length):
    def of(self, completion: Any) -> float:
        return float(len(completion[0]["content"]))

    def score(self, completions: list[Any]) -> list[float]:
        return [self.of(one) for one in completions]


async def later(completions: list[Any]) -> list[float]:
    return [float("yes" in completion) for completion in completions]


def without_completions(answer: list[str]) -> list[float]:
    return [float(len(gold)) for gold in answer]


TEXT = {
    "len": near_twenty,
    "re": has_tags,
    "decorated": per_text(lambda completion: float(len(completion))),
    "lambda": lambda completions, **kwargs: [float(len(one)) for one in completions],
    "object": Length(),
    "partial": functools.partial(near_twenty, limit=5),
    "async": later,
}
MESSAGES = {
    "content": with_content,
    "helper": through_a_helper,
    "constant": by_a_constant,
    "getter": by_a_getter,
    "either": either,
    "decorated": per_text(lambda completion: float(len(completion[0]["content"]))),
    "object": ContentLength(),
    "method": ContentLength().score,
    "partial": functools.partial(with_content, limit=5),
    "no completions": without_completions,
    "no code": math.fsum,
    "lambda": lambda completions, **kwargs: [float(len(one[-1]["content"])) for one in completions],
}


@pytest.mark.parametrize("name", TEXT)
def test_functions_for_texts(name: str) -> None:
    assert reads_text(TEXT[name])


@pytest.mark.parametrize("name", MESSAGES)
def test_functions_for_messages_and_those_that_cannot_be_known(name: str) -> None:
    assert not reads_text(MESSAGES[name])


def test_a_function_elsewhere_says_itself() -> None:
    def remote(completions: list[Any]) -> list[float]:
        return [0.0]

    remote.reads_text = False  # type: ignore[attr-defined]
    assert not reads_text(remote)
