"""Gold solutions score full marks in every format, under every built-in reward that asks it.

On an eighth of GSM8K; on all of it with `make test-long`.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from whet.config import FormatConfig, RewardConfig, TagsConfig, WeightConfig
from whet.formats import BUILT_IN, build_format
from whet.rewards.gold import gold_failures
from whet.rewards.mixture import Mixture, Part
from whet.rewards.registry import REWARDS, build_reward
from whet.types import GoldFailure, Problem, Reward

OWN = build_format(FormatConfig(name="custom", custom=TagsConfig(tags=["scratch", "check", "final"])))


def no_loader(spec: str) -> Any:
    raise AssertionError(spec)


def mixture(name: str, *rewards: str) -> Mixture:
    layout = BUILT_IN.get(name, OWN)
    known = {"max_tokens": 512}
    return Mixture([build_reward(RewardConfig(name=reward), layout, no_loader, known) for reward in rewards])


@pytest.fixture(scope="module")
def gsm8k(shared: Path) -> list[Problem]:
    """The rows as they are: calculator marks taken out, commas of the gold answers kept."""
    problems = []
    for split in ("train", "test"):
        for number, line in enumerate((shared / "gsm8k" / f"{split}.jsonl").read_text("utf-8").splitlines()):
            row = json.loads(line)
            steps, answer = re.sub(r"<<.*?>>", "", row["answer"]).split("\n#### ")
            problems.append(Problem(f"{split}/{number}", row["question"], answer, steps))
    return problems


ALONE = [name for name, spec in REWARDS.items() if not spec.has_client]
"""Rewards that need nobody to ask."""


@pytest.mark.parametrize("every", [8, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", [*BUILT_IN, "custom"])
def test_all_of_gsm8k(gsm8k: list[Problem], name: str, every: int) -> None:
    assert len(gsm8k) == 7473 + 1319
    asking = [reward for reward in ALONE if REWARDS[reward].checks_gold]
    assert gold_failures(gsm8k[::every], BUILT_IN.get(name, OWN), mixture(name, *asking)) == []


@pytest.mark.parametrize("name", [*BUILT_IN, "custom"])
def test_a_problem_without_a_solution(name: str) -> None:
    bare = [Problem("a", "37 + 45?", "82"), Problem("b", "1000 - 3000?", "-2,000")]
    assert gold_failures(bare, BUILT_IN.get(name, OWN), mixture(name, *ALONE)) == []


def test_another_answer_does_not_pass(gsm8k: list[Problem]) -> None:
    """The same solutions against answers that are off by one."""
    off = [Problem(row.id, row.question, str(int(row.answer.replace(",", "")) + 1)) for row in gsm8k[:100]]
    rendered = [BUILT_IN["think_answer"].render(row.solution, row.answer) for row in gsm8k[:100]]
    grade = build_reward(RewardConfig(name="accuracy"), BUILT_IN["think_answer"], no_loader)
    assert grade(prompts=[], completions=rendered, completion_ids=[], answer=[row.answer for row in off]) == [0.0] * 100


def test_what_falls_short_is_told() -> None:
    problems = [Problem("a", "1 / 2?", "1/2"), Problem("b", "1 + 1?", "2")]
    assert gold_failures(problems, BUILT_IN["gsm8k"], mixture("gsm8k", "accuracy", "integer")) == [
        GoldFailure(problems[0], "#### 1/2", Reward(1.0, {"accuracy": 1.0, "integer": 0.0}), 2.0, {"integer": 0.0})
    ]


def test_a_format_that_cannot_hold_the_answer_is_told() -> None:
    """The plain format reads the last number only."""
    failures = gold_failures([Problem("a", "?", "(1, 2)")], BUILT_IN["plain"], mixture("plain", "accuracy"))
    assert [(failure.problem.id, failure.short) for failure in failures] == [("a", {"accuracy": 0.0})]


def test_a_missing_gold_answer_is_told() -> None:
    failures = gold_failures([Problem("a", "?", "")], BUILT_IN["think_answer"], mixture("think_answer", "accuracy"))
    assert failures[0].short == {"accuracy": None}


def test_a_function_of_ones_own_only_must_not_fail() -> None:
    def mine(completions: list[Any], **kwargs: Any) -> list[float]:
        texts = [completion[0]["content"] for completion in completions]
        return [1 / (len(text) - len("\\boxed{7}")) for text in texts]

    problems = [Problem("a", "?", "7"), Problem("b", "?", "82")]
    failures = gold_failures(problems, BUILT_IN["boxed"], Mixture([("mine", mine, 1.0)]))
    assert failures == [GoldFailure(problems[0], "\\boxed{7}", Reward(None, {"mine": None}), 0.0, {"mine": None})]


def test_manners_are_not_asked() -> None:
    """A solution of few words, said twice, is still the right one."""
    terse = [Problem("a", "?", "7", "7 7 7 7 7 7 7")]
    assert gold_failures(terse, BUILT_IN["boxed"], mixture("boxed", "reasoning_detail", "repetition")) == []


def test_what_is_weighed_later_is_asked_now() -> None:
    def never(completions: list[Any], **kwargs: Any) -> list[float]:
        return [0.0] * len(completions)

    strict = Part("never", never, WeightConfig(start=0, end=1, steps=10), max_score=1.0)
    assert [failure.short for failure in gold_failures([Problem("a", "?", "7")], BUILT_IN["boxed"], Mixture([strict]))]


def test_a_penalty_is_not_asked() -> None:
    def never(completions: list[Any], **kwargs: Any) -> list[float]:
        return [0.0] * len(completions)

    penalty = Mixture([Part("never", never, -1.0, max_score=1.0)])
    assert gold_failures([Problem("a", "?", "7")], BUILT_IN["boxed"], penalty) == []


def test_gold_solutions_are_not_put_to_a_reward_that_calls_out() -> None:
    def asks(**columns: Any) -> Any:
        raise AssertionError("asked")

    problem = Problem("1", "1 + 1?", "2", "1 + 1 = 2")
    calling = Part("judge", asks, external=True)
    assert gold_failures([problem], BUILT_IN["boxed"], Mixture([calling])) == []
    strict = build_reward(RewardConfig(name="format_strict"), BUILT_IN["gsm8k"], no_loader)
    (failure,) = gold_failures([problem], BUILT_IN["boxed"], Mixture([calling, strict]))
    assert failure.short == {"format_strict": 0.0}
