"""Evaluation over answers from a script."""

import json
from collections.abc import Sequence

import pytest

from whet.eval.evaluation import Evaluation, evaluate
from whet.types import Finish, Problem, Prompt, Rollout, Verdict


class Scripted:
    """Answers each question from a list, sample i with answer i; remembers what it was asked."""

    def __init__(self, script: dict[str, list[str]]) -> None:
        self.script = script
        self.asked: list[tuple[int, int, int]] = []

    def __call__(self, prompts: Sequence[Prompt], n: int, step: int) -> list[list[Rollout]]:
        self.asked.append((len(prompts), n, step))
        return [[rollout(text) for text in self.script[prompt.problem.id][:n]] for prompt in prompts]


def rollout(text: str) -> Rollout:
    """One token per letter; a text that ends in … was truncated."""
    finish: Finish = "length" if text.endswith("…") else "stop"
    return Rollout(tuple(range(len(text))), (0.0,) * len(text), text, finish)


def check_answer(text: str, problem: Problem) -> Verdict:
    """`=4` is an answer in its place, a bare 4 is one that only a lenient reader finds."""
    formatted = text.startswith("=")
    answer = text.strip("=…") or None
    right = answer == problem.answer
    return Verdict(correct=right and formatted, lenient=right, answer=answer, formatted=formatted)


def prompt(id: str, answer: str) -> Prompt:
    return Prompt(Problem(id, f"what is {id}?", answer), (), ())


PROMPTS = [prompt("a", "1"), prompt("b", "2"), prompt("c", "3"), prompt("d", "4")]
GREEDY = {"a": ["=1"], "b": ["2"], "c": ["=7"], "d": ["four…"]}
SAMPLED = {
    "a": ["=1", "=1", "=2", "=1"],
    "b": ["=2", "=5", "=2", "=5"],
    "c": ["=7", "=7", "=3", "7"],
    "d": ["…", "…", "…", "=4"],
}


def test_greedy_figures() -> None:
    summary = evaluate(PROMPTS, Scripted(GREEDY), check_answer).summary()
    low, high = summary.pop("accuracy_interval")  # type: ignore[misc]
    summary.pop("lenient_interval")
    assert summary == {
        "problems": 4,
        "correct": 1,
        "accuracy": 0.25,
        "lenient_accuracy": 0.5,
        "format_rate": 0.5,
        "truncated_rate": 0.25,
        "mean_length": (2 + 1 + 2 + 5) / 4,
        "p95_length": 5,
    }
    assert (low, high) == pytest.approx((0.0456, 0.6994), abs=5e-5)  # Wilson, 1 of 4


def test_sampled_figures() -> None:
    found = evaluate(PROMPTS, Scripted(GREEDY), check_answer, Scripted(SAMPLED), samples=4)
    summary = found.summary()
    assert summary["samples"] == 4
    assert summary["pass@1"] == pytest.approx((3 / 4 + 2 / 4 + 1 / 4 + 1 / 4) / 4)
    # pairs with a right one: all 6 of a; 5 of b; 3 of c; 3 of d
    assert summary["pass@2"] == pytest.approx((1 + 5 / 6 + 3 / 6 + 3 / 6) / 4)
    assert summary["pass@4"] == 1.0
    # a is right, b ties, c is wrong, d has a single vote and it is right
    assert summary["maj@4"] == pytest.approx((1 + 0.5 + 0 + 1) / 4)
    assert json.loads(json.dumps(summary)) == summary


def test_pass_at_k_is_named_for_k_and_the_powers_of_two_below() -> None:
    script = {prompt.problem.id: ["=1"] * 6 for prompt in PROMPTS}
    summary = evaluate(PROMPTS, Scripted(script), check_answer, Scripted(script), samples=6).summary()
    assert [name for name in summary if name.startswith("pass@")] == ["pass@1", "pass@2", "pass@4", "pass@6"]


def test_votes_are_counted_by_the_equality_given() -> None:
    script = {"a": ["=1", "=one", "=9", "=9", "=uno"]}

    def equal(a: str, b: str) -> bool:
        return a == b or {a, b} <= {"1", "one", "uno"}

    arguments = PROMPTS[:1], Scripted(script), check_answer, Scripted(script), 5
    assert evaluate(*arguments).maj_at_k == 0.0
    assert evaluate(*arguments, equal=equal).maj_at_k == 1.0


def test_chunks_change_nothing_but_the_progress() -> None:
    whole = evaluate(PROMPTS, Scripted(GREEDY), check_answer, Scripted(SAMPLED), samples=4)
    calls: list[tuple[int, int]] = []
    greedy, sampled = Scripted(GREEDY), Scripted(SAMPLED)
    parts = evaluate(
        PROMPTS, greedy, check_answer, sampled, 4, lambda done, total: calls.append((done, total)), chunk=3
    )
    assert parts == whole
    assert calls == [(3, 4), (4, 4)]
    assert greedy.asked == [(3, 1, 0), (1, 1, 0)]
    assert sampled.asked == [(3, 4, 0), (1, 4, 0)]


def test_one_sample_is_the_greedy_answer_alone() -> None:
    sampled = Scripted(SAMPLED)
    found = evaluate(PROMPTS, Scripted(GREEDY), check_answer, sampled, samples=1)
    assert (sampled.asked, found.samples, found.maj_at_k) == ([], 0, None)
    assert not any("@" in name for name in found.summary())


def test_records_keep_everything() -> None:
    record = evaluate(PROMPTS, Scripted(GREEDY), check_answer, Scripted(SAMPLED), samples=4).records[1]
    assert (record.id, record.question, record.gold) == ("b", "what is b?", "2")
    assert (record.response, record.answer, record.finish) == ("2", "2", "stop")
    assert (record.correct, record.lenient, record.formatted) == (False, True, False)
    assert [sample.correct for sample in record.samples] == [True, False, True, False]
    assert record.majority == 0.5


def test_nothing_to_ask_and_doubles_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        evaluate([], Scripted({}), check_answer)
    with pytest.raises(ValueError, match="share an id"):
        evaluate([PROMPTS[0], PROMPTS[0]], Scripted(GREEDY), check_answer)


def test_p95_is_the_nearest_rank() -> None:
    script = {str(n): ["x" * n] for n in range(1, 41)}
    found = evaluate([prompt(str(n), "") for n in range(1, 41)], Scripted(script), check_answer)
    assert isinstance(found, Evaluation)
    assert found.p95_length == 38  # 0.95 · 40
