"""Rewards for the layout, from exact to gentle."""

import pytest

from whet.errors import UserError
from whet.formats import BUILT_IN
from whet.rewards.format_compliance import format_partial, format_soft, format_strict, format_tags

TEXTS = [
    "<think>a</think> <answer>1</answer>",
    "<think>a</think><answer>1</answer>",
    "a</think> <answer>1</answer>",
    "<answer><answer>",
    "1",
]


@pytest.mark.parametrize(
    ("factory", "marks"),
    [
        (format_strict, [1, 0, 0, 0, 0]),
        (format_soft, [1, 1, 0, 0, 0]),
        (format_tags, [1, 1, 0.75, 0, 0]),
        (format_partial, [1, 1, 0.75, 0.25, 0]),
    ],
)
def test_each_is_gentler_than_the_one_before(factory: object, marks: list[float]) -> None:
    assert callable(factory)
    reward = factory(BUILT_IN["think_answer"])
    chat = [[{"role": "assistant", "content": text}] for text in TEXTS]
    assert reward(prompts=[], completions=TEXTS, completion_ids=[]) == marks
    assert reward(prompts=[], completions=chat, completion_ids=[], answer=["1"] * 5, log_extra=print) == marks


@pytest.mark.parametrize("factory", [format_strict, format_soft, format_tags, format_partial])
def test_they_need_a_format(factory: object) -> None:
    assert callable(factory)
    with pytest.raises(UserError, match="--format think_answer"):
        factory(None)


@pytest.mark.parametrize(("prompt", "marks"), [("37 + 45?<think>\n", 1.0), ("37 + 45?", 0.0)])
def test_prompt_and_completion_are_judged_together(prompt: str, marks: float) -> None:
    completion = "30 + 52 = 82</think> <answer>82</answer>"
    for reward in (format_strict, format_soft):
        assert reward(BUILT_IN["think_answer"])(prompts=[prompt], completions=[completion], completion_ids=[]) == [
            marks
        ]
