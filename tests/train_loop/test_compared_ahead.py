"""Answers of ended rows are compared beside those that are still sampled; what comes out is the same."""

import threading
from collections.abc import Sequence
from typing import Any

import pytest
import torch

import tiny
from batches import prompt
from whet.policy.language_model import LanguageModel
from whet.rollout.engine.decoder import Decoder
from whet.rollout.native import NativeSampler
from whet.rollout.rollouts import Rollouts
from whet.rollout.shared_sampler import SharedSampler
from whet.train_loop.compared_ahead import ComparedAhead, compared_ahead
from whet.types import Outputs, Prompt, Rollout, SamplingParams

QUESTIONS = [prompt("a", (5, 9, 33)), prompt("b", (44,)), prompt("c", (12, 90))]


def rollouts() -> Rollouts:
    """Rows that end at many places."""
    model = tiny.tiny_model()
    model.generation_config.eos_token_id = [2, *range(10, 24)]
    engine = NativeSampler()
    engine.load(LanguageModel(model, tiny.tiny_tokenizer()))
    return Rollouts(engine, tiny.tiny_tokenizer(), SamplingParams(max_tokens=12), 3, "train")


def told(of: Outputs) -> set[tuple[str, Rollout]]:
    return {(question.problem.id, one) for question, some in zip(QUESTIONS, of, strict=True) for one in some}


def test_each_rollout_is_told_of_as_it_will_be_graded() -> None:
    plain, seen = rollouts(), list[tuple[str, Rollout]]()
    engine: Any = plain.sampler
    sample = ComparedAhead(plain, engine, lambda prompt, one: seen.append((prompt.problem.id, one)))
    found = sample(QUESTIONS, 4, 0)
    assert found == rollouts()(QUESTIONS, 4, 0)
    assert set(seen) <= told(found), "text, tokens and log-probabilities as in the result"
    assert engine.ended is None, "nobody is told of evaluations"


def test_the_first_is_told_of_while_others_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine waits, before its fourth token, for the work on a row that has ended."""
    plain, begun = rollouts(), threading.Event()
    real, steps = Decoder.advance, list[int]()

    def waits(decoder: Decoder, tokens_R: torch.Tensor) -> torch.Tensor:
        steps.append(len(tokens_R))
        assert len(steps) != 4 or begun.wait(60), "none has ended, or nobody was told"
        return real(decoder, tokens_R)

    monkeypatch.setattr(Decoder, "advance", waits)
    threads = set()
    engine: Any = plain.sampler
    sample = ComparedAhead(plain, engine, lambda *_: (threads.add(threading.current_thread()), begun.set()))
    sample(QUESTIONS, 4, 0)
    assert len(steps) > 4
    assert threading.current_thread() not in threads


def test_work_that_fails_or_has_not_begun_is_left_to_grading() -> None:
    plain, calls = rollouts(), list[int]()

    def fails(*_: object) -> None:
        calls.append(1)
        raise ValueError("no verdict")

    engine: Any = plain.sampler
    assert ComparedAhead(plain, engine, fails)(QUESTIONS, 4, 0) == rollouts()(QUESTIONS, 4, 0)
    assert calls


def test_an_error_of_the_sampler_is_raised_and_nobody_is_told_afterwards() -> None:
    plain = rollouts()
    engine: Any = plain.sampler
    engine.release()
    with pytest.raises(RuntimeError, match="between load and release"):
        ComparedAhead(plain, engine, lambda *_: None)(QUESTIONS, 1, 0)
    assert engine.ended is None


class Silent:
    """An engine that tells nothing before all have ended."""

    def generate(self, requests: Sequence[Any], params: Any) -> list[list[Any]]:
        return []


def nothing(_prompt: Prompt, _one: Rollout) -> None:
    pass


def test_only_where_processors_are_idle_and_the_engine_tells() -> None:
    plain = rollouts()
    assert compared_ahead(plain, plain.sampler, nothing, "cpu") is plain
    silent: Any = Silent()
    assert compared_ahead(plain, silent, nothing, "cuda") is plain
    processes: Any = None
    for sampler in (plain.sampler, SharedSampler(plain.sampler, processes)):
        found = compared_ahead(plain, sampler, nothing, "cuda")
        assert isinstance(found, ComparedAhead)
        assert found.engine is plain.sampler
