"""Rollouts through an engine that answers from a script: what it is asked, and what becomes of its answers."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

import tiny
from batches import prompt
from whet.rollout.rng import key
from whet.rollout.rollouts import Rollouts
from whet.types import Completion, Finish, Prompt, Request, SamplingParams

PARAMS = SamplingParams(0.7, 0.9, 5)
END = tiny.VOCABULARY.index(tiny.END)


class Scripted:
    """Says the same to whoever asks, and writes down what it was asked."""

    def __init__(self, said: Completion | None = None) -> None:
        self.said = said or Completion((9, END), (-1.0, -0.5), "stop")
        self.asked: list[Request] = []
        self.params: list[SamplingParams] = []

    def generate(self, requests: Sequence[Request], params: SamplingParams) -> list[list[Completion]]:
        self.asked += requests
        self.params.append(params)
        return [[self.said for _ in request.keys] for request in requests]


def rollouts(engine: Any, **settings: Any) -> Rollouts:
    return Rollouts(engine, tiny.tiny_tokenizer(), PARAMS, **{"seed": 3, "purpose": "train", **settings})


def keys(prompts: Sequence[Prompt], n: int = 2, step: int = 7, **settings: Any) -> list[tuple[int, ...]]:
    """The keys that the engine is asked with."""
    engine = Scripted()
    rollouts(engine, **settings)(prompts, n, step)
    return [request.keys for request in engine.asked]


def test_the_engine_is_asked_once_with_contexts_counters_and_parameters() -> None:
    engine = Scripted()
    outputs = rollouts(engine)([prompt("a", (5, 6)), prompt("b", (7,))], 2, 4)
    assert [request.tokens for request in engine.asked] == [(5, 6), (7,)]
    assert engine.params == [PARAMS]
    assert [len(some) for some in outputs] == [2, 2]


def test_a_counter_is_the_key_of_seed_purpose_step_problem_and_sample() -> None:
    expected = [tuple(key(3, "train", 7, problem, sample) for sample in (0, 1)) for problem in "ab"]
    assert keys([prompt("a"), prompt("b")]) == expected
    assert len({one for some in expected for one in some}) == 4


@pytest.mark.parametrize("other", [{"seed": 4}, {"purpose": "eval"}, {"step": 8}])
def test_another_seed_purpose_or_step_has_other_counters(other: dict[str, Any]) -> None:
    ours, theirs = keys([prompt("a")]), keys([prompt("a")], **other)
    assert not set(ours[0]) & set(theirs[0])


def test_counters_depend_on_the_problem_alone_not_on_its_neighbours_or_its_context() -> None:
    alone = keys([prompt("b", (7,))])[0]
    assert keys([prompt("a"), prompt("b", (1, 2))])[1] == alone
    assert keys([prompt("b", (7,))], n=1)[0] == alone[:1]


def test_a_problem_that_comes_again_goes_on_counting() -> None:
    """Or else it would get the same rollouts twice."""
    first, _, again, third = keys([prompt(name) for name in "abaa"])
    assert first + again + third == keys([prompt("a")], n=6)[0]


def test_every_call_counts_from_the_beginning() -> None:
    engine = Scripted()
    sample = rollouts(engine)
    sample([prompt("a")], 2, 0)
    sample([prompt("a")], 2, 0)
    assert engine.asked[0] == engine.asked[1]


@pytest.mark.parametrize(
    ("said", "finish", "text"),
    [
        ("42" + "!", "stop", "42"),  # whatever token ended it
        ("42" + "!", "length", "42!"),
    ],
)
def test_the_text_is_without_the_token_that_ended_it(said: str, finish: Finish, text: str) -> None:
    tokens = tuple(map(tiny.VOCABULARY.index, said))
    engine = Scripted(Completion(tokens, (-1.0, -2.0, -3.0), finish))
    ((rollout,),) = rollouts(engine)([prompt("a")], 1, 0)
    assert (rollout.tokens, rollout.logprobs, rollout.text) == (tokens, (-1.0, -2.0, -3.0), text)
    assert (rollout.finish, rollout.replayed, rollout.loss_mask) == (finish, False, None)


def test_what_the_prompt_already_wrote_is_part_of_the_text() -> None:
    tokens = (*map(tiny.VOCABULARY.index, "4</think>"), END)
    opened = replace(prompt("a"), opening="<think>\n")
    ((rollout,),) = rollouts(Scripted(Completion(tokens, (-1.0,) * len(tokens), "stop")))([opened], 1, 0)
    assert (rollout.text, rollout.tokens) == ("<think>\n4</think>", tokens)


def test_special_tokens_are_text_except_the_end() -> None:
    """Tags may be special tokens, and a turn that the model invents must be seen."""
    tokens = (tiny.VOCABULARY.index("4"), tiny.VOCABULARY.index(tiny.START), tiny.VOCABULARY.index("2"), END)
    ((rollout,),) = rollouts(Scripted(Completion(tokens, (-1.0,) * 4, "stop")))([prompt("a")], 1, 0)
    assert rollout.text == "4<|im_start|>2"
    assert rollout.tokens == tokens


def test_no_prompts() -> None:
    assert list(rollouts(Scripted())([], 4, 0)) == []
