"""What a reward function is handed."""

from typing import Any

import pytest

from rewards.steps import rollout
from whet.rewards.completions import OWN, columns_of, question_of, response_of, responses, samples_of, text_of
from whet.types import Problem, Prompt

MESSAGES = ({"role": "user", "content": "37 + 45?"},)
FIRST = Prompt(Problem("a", "37 + 45?", "82", "37 + 45 = 82", columns={"level": 2}), MESSAGES, (1, 2))
SECOND = Prompt(Problem("b", "1 + 1?", "2", columns={"solution": "$2$", "answer": "x", "prompts": 0}), MESSAGES, (3,))


@pytest.mark.parametrize(
    ("completion", "text"),
    [
        ("82", "82"),
        ([{"role": "assistant", "content": "82"}], "82"),
        ([{"role": "assistant", "content": "8"}, {"role": "assistant", "content": "2"}], "82"),
        ([], ""),
    ],
)
def test_text_of_either_form(completion: Any, text: str) -> None:
    assert text_of(completion) == text


def test_the_question_is_the_last_turn_of_the_user() -> None:
    turns = [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}, {"content": "c"}]
    assert (question_of(turns), question_of("d"), question_of([])) == ("b", "d", "")


def test_columns() -> None:
    samples = samples_of([FIRST, SECOND], [[rollout("82"), rollout("83")], [rollout("2")]])
    assert [(sample.prompt.problem.id, sample.number) for sample in samples] == [("a", 0), ("a", 1), ("b", 0)]
    assert columns_of(samples) == {
        "prompts": [[{"role": "user", "content": "37 + 45?"}]] * 3,
        "completions": [[{"role": "assistant", "content": text}] for text in ("82", "83", "2")],
        "completion_ids": [[7]] * 3,
        "question": ["37 + 45?", "37 + 45?", "1 + 1?"],
        "answer": ["82", "82", "2"],
        "solution": ["82", "82", "$2$"],
        "level": [2, 2, None],
    }


def test_functions_cannot_change_each_others_messages() -> None:
    samples = samples_of([FIRST], [[rollout("82")]])
    columns_of(samples)["prompts"][0][0]["content"] = "changed"
    assert columns_of(samples)["prompts"][0][0]["content"] == "37 + 45?"
    assert FIRST.messages[0]["content"] == "37 + 45?"


def test_the_keywords_of_the_convention_are_kept_apart() -> None:
    assert {"prompts", "completions", "completion_ids", "trainer_state", "log_metric", "log_extra"} == OWN


def test_columns_keep_their_own_names_and_values() -> None:
    row = {"problem": "1 + 1?", "solution": r"So \boxed{2}.", "ground_truth": 2, "answer": "worked"}
    problem = Problem("1", "1 + 1?", "2", columns=row)
    columns = columns_of(samples_of([Prompt(problem, (), ())], [[rollout("2")]]))
    assert {name: columns[name] for name in ("question", "problem", "solution", "ground_truth", "answer")} == {
        "question": ["1 + 1?"],
        "problem": ["1 + 1?"],
        "solution": [r"So \boxed{2}."],
        "ground_truth": [2],
        "answer": ["2"],
    }


@pytest.mark.parametrize(
    ("prompt", "completion", "text"),
    [
        ("Why?<think>\n", "a</think> b", "<think>\na</think> b"),
        ("Why?<think>\n", "<think>a</think> b", "<think>a</think> b"),
        ("Why?[THINK]", "a[/THINK]b", "[THINK]a[/THINK]b"),
        ("Use <think> tags.", "b", "b"),
        ("Why?", "b", "b"),
        ([{"role": "user", "content": "Why?<think>"}], "b", "b"),
        ([{"role": "assistant", "content": "<think>"}], [{"role": "assistant", "content": "a"}], "<think>a"),
        ([], "b", "b"),
    ],
)
def test_what_the_prompt_wrote_belongs_to_the_response(prompt: Any, completion: Any, text: str) -> None:
    assert response_of(prompt, completion) == text
    assert responses([prompt], [completion]) == [text]
    assert responses((), [completion]) == [text_of(completion)]
