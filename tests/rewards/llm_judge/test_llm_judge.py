"""An LLM as a judge, asked by a function in the test."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from rewards.steps import step
from whet.config.parameters import read_parameters
from whet.errors import UserError
from whet.rewards.calls import RewardError
from whet.rewards.llm_judge.llm_judge import JudgeParams, judge
from whet.rewards.mixture import Mixture, Part

GIVEN = {"endpoint": "http://localhost:8000/v1", "model": "m"}


def params(**changes: Any) -> JudgeParams:
    return read_parameters(JudgeParams, {**GIVEN, **changes}, "rewards.0.params", "judge")


class Scripted:
    """Answers by what stands in the question, and keeps what it was asked."""

    def __init__(self, **answers: Any) -> None:
        self.answers, self.asked = answers, []
        self.usable: Callable[[str], bool] = lambda reply: True

    async def __call__(self, conversations: Sequence[Any], usable: Callable[[str], bool]) -> list[Any]:
        self.usable = usable
        texts = [turns[-1]["content"] for turns in conversations]
        self.asked += texts
        return [next(reply for mark, reply in self.answers.items() if f"<{mark}>" in text) for text in texts]


def called(ask: Scripted, completions: list[Any], answer: list[Any] | None, **changes: Any) -> list[Any]:
    prompts = ["1 + 1?"] * len(completions)
    reward: Any = judge(None, params(**changes), ask)
    return asyncio.run(reward(prompts=prompts, completions=completions, completion_ids=[], answer=answer))


def test_a_reward_is_the_score_over_the_scale() -> None:
    ask = Scripted(a="Score: 7", b="Score: 2")
    assert called(ask, ["<b>", [{"role": "assistant", "content": "<a>"}]], ["2", 2]) == [0.2, 0.7]
    assert called(ask, ["<a>"], ["2"], scale=20) == [0.35]
    assert all("1 + 1?" in text for text in ask.asked)


def test_what_was_left_out_does_not_apply_and_what_failed_fails() -> None:
    failed = RewardError("gave no verdict: status 500")
    assert called(Scripted(a=None, b=failed, c="Score: 10"), ["<a>", "<b>", "<c>"], ["2"] * 3) == [None, failed, 1.0]


def test_a_reply_without_a_score_is_of_no_use() -> None:
    ask = Scripted(a="Score: 7")
    called(ask, ["<a>"], ["2"])
    assert (ask.usable("Score: 3"), ask.usable("I like it.")) == (True, False)


def test_without_a_gold_answer_it_does_not_apply() -> None:
    ask = Scripted(a="Score: 7")
    assert called(ask, ["<a>", "<a>", "<a>"], [None, "2", ""]) == [None, 0.7, None]
    assert len(ask.asked) == 1
    with pytest.raises(UserError, match="needs a column `answer`"):
        called(ask, ["<a>"], None)


def test_unless_it_is_not_asked_about_one() -> None:
    ask = Scripted(a="Score: 7")
    assert called(ask, ["<a>"], None, prompt="Is this kind? {response}") == [0.7]
    assert called(ask, ["<a>", "<a>"], [None, ""], prompt="Is this kind? {response}") == [0.7, 0.7]


def test_the_question_is_the_last_turn_of_the_user() -> None:
    """A turn without a role is nobody's."""
    ask, turns = Scripted(a="Score: 7"), [{"role": "user", "content": "1 + 1?"}, {"content": "Go on."}]
    reward: Any = judge(None, params(prompt="[{question}] {response}"), ask)
    asked = {"prompts": [turns], "completions": ["<a>"], "completion_ids": [[]]}
    assert asyncio.run(reward(**asked)) == [0.7]
    assert "[1 + 1?]" in ask.asked[0]


def test_in_a_mixture_a_failure_is_counted_with_its_sample() -> None:
    """Two responses are judged, one fails, one is left out by the cap."""
    ask = Scripted(good="Score: 9", bad="Score: 1", lost=RewardError("gave no verdict: no reply in 60 s"), cap=None)
    mixture = Mixture([Part("judge", judge(None, params(), ask), 2.0)])
    graded = mixture.grade(*step(one=["<good>", "<lost>"], two=["<cap>", "<bad>"]))
    assert [[reward.total for reward in group.rewards] for group in graded.groups] == [[1.8, None], [None, 0.2]]
    (failure,) = graded.failures
    assert (failure.reward, failure.problem, failure.sample) == ("judge", "one", 1)
    assert failure.what == "gave no verdict: no reply in 60 s"
    assert len(ask.asked) == 4


def test_its_policy_decides_what_stands_for_a_failure() -> None:
    ask = Scripted(lost=RewardError("gave no verdict"))
    (group,) = Mixture([Part("judge", judge(None, params(), ask), on_error="zero")]).grade(*step(one=["<lost>"])).groups
    assert group.rewards[0].total == 0.0
    with pytest.raises(UserError, match=r"gave no verdict, on sample 0 of problem 'one' \(on_error: fail\)"):
        Mixture([Part("judge", judge(None, params(), ask), on_error="fail")]).grade(*step(one=["<lost>"]))


@pytest.mark.parametrize(
    ("changes", "fix"),
    [
        ({"endpoint": "localhost:8000"}, "params.endpoint: is 'localhost:8000': it must begin with http"),
        ({"endpoint": "https://"}, "must begin with http"),
        (
            {"endpoint": "http://host:port/v1"},
            "params.endpoint: is 'http://host:port/v1': .*; write it as in",
        ),
        ({"options": {"n": 5}}, "params.options: has 'n', which options cannot change: take it out"),
        ({"options": {"max_tokens": None}}, "params.options: must give max_tokens or max_completion_tokens"),
        ({"options": {"max_tokens": "9"}}, "must give max_tokens .* a whole number"),
        ({"key_env": None, "prompt": "Grade it."}, "params.prompt: must contain {response}"),
        ({"prompt": "{response} {gold}"}, "has {gold}: its places are {question}, {answer}, {response}, {scale}"),
        ({"parallel": 0}, "params.parallel: is 0; it must be a whole number .at least 1"),
        ({"timeout": "60"}, "params.timeout: is '60'; it must be a number"),
        ({"max_requets": 5}, "max_requets: unknown key; judge takes endpoint, .*did you mean max_requests"),
    ],
)
def test_mistakes_are_named(changes: dict[str, Any], fix: str) -> None:
    with pytest.raises(UserError, match=fix) as caught:
        params(**changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("changes", [{"key_env": "sk-abcDEF123"}, {"endpoint": "https://user:sk-abcDEF123@host/v1"}])
def test_a_key_in_the_recipe_is_refused_and_not_repeated(changes: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=r"key_env|secret") as caught:
        params(**changes)
    assert "abcDEF" not in str(caught.value)


def test_options_go_over_the_usual_ones() -> None:
    assert params().options == {"temperature": 0, "max_tokens": 512}
    assert params(options={"seed": 1, "temperature": None}).options == {"seed": 1, "max_tokens": 512}


def test_an_address_may_have_an_at_sign_in_its_path() -> None:
    assert params(endpoint="https://host/accounts/me@home/v1").endpoint.endswith("me@home/v1")
