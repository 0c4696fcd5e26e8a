"""Groups that are graded by several processes."""

from typing import Any

import pytest

from ranks_in_threads import in_threads
from whet.rewards.mixture import Mixture, Part
from whet.rewards.shared_mixture import SharedMixture
from whet.types import ComparisonTimeout, Graded, Problem, Prompt, Rollout

PROMPTS = [Prompt(Problem(str(place), "?", "!"), (), (place,)) for place in range(5)]
OUTPUTS = [[Rollout((1,), (-0.1,), f"{place}{letter}", "stop") for letter in "ab"] for place in range(5)]


def _length(completions: list[Any], log_metric: Any, trainer_state: Any, **_: Any) -> list[float]:
    texts = [completion[0]["content"] for completion in completions]
    log_metric("completions", len(texts))
    if "3b" in texts:
        raise ValueError("3b")
    return [float(ord(text[-1])) + trainer_state.global_step for text in texts]


def _mixture(rank: int) -> Mixture:
    late = [ComparisonTimeout("1", "2", f"was late in {rank}")]
    return Mixture([Part("length", _length, on_error="zero")], lambda: late)


@pytest.mark.parametrize("count", [1, 2, 4, 8])
def test_all_have_what_one_mixture_gives(count: int) -> None:
    whole = _mixture(0).grade(PROMPTS, OUTPUTS, 7)

    def grade(processes: Any) -> Graded:
        return SharedMixture(_mixture(processes.rank), processes).grade(PROMPTS, OUTPUTS, 7)

    for graded in in_threads(count, grade):
        assert graded.groups == whole.groups
        assert [group.prompt.problem.id for group in graded.groups] == list("01234")
        assert [len(one.what) > 0 for one in graded.timeouts] == [True] * count
        assert {(one.problem, one.sample) for one in graded.failures} == {("3", 1)}


def test_it_is_a_mixture_otherwise() -> None:
    (shared,) = in_threads(1, lambda processes: SharedMixture(_mixture(0), processes))
    assert shared.parts == _mixture(0).parts
    assert shared.full_marks(0) is None
    assert shared.on_error == {"length": "zero"}
