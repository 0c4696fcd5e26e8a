"""Problems that were silent are asked less often."""

import json
from collections import Counter
from collections.abc import Sequence

import pytest

from batches import group, prompt
from whet.data.selective import CHANGE, LEAST, START, Selective
from whet.types import Prompt


class Stream:
    """Draws the ids 0, 1, … in order, again and again, of `size` problems."""

    def __init__(self, size: int) -> None:
        self.size = size

    def draw(self, count: int, step: int) -> list[Prompt]:
        return [prompt(str(place % self.size)) for place in range(step * count, (step + 1) * count)]


def selective(size: int = 8, candidates: int = 2) -> Selective:
    return Selective(Stream(size), candidates, lambda step: 1.0, seed=0)


def ids(prompts: Sequence[Prompt]) -> list[str]:
    return [one.problem.id for one in prompts]


def observe(problems: Selective, rewards: dict[str, list[float]], step: int = 0) -> None:
    problems.observe([group(totals, name=name) for name, totals in rewards.items()], step)


def test_new_problems_are_asked_in_order() -> None:
    assert ids(selective().draw(4, 0)) == ["0", "1", "2", "3"]


def test_a_problem_is_skipped_by_how_often_in_a_row_it_was_silent() -> None:
    problems = selective()
    for step in range(3):
        problems.draw(4, step)
        observe(problems, {"0": [0, 0], "1": [1, 1], "2": [0, 1], "3": [0, 0] if step != 1 else [1, 0]})
    problems.draw(4, 3)
    assert {name: times for name, (_, times) in problems.silent.items()} == {"0": 3, "1": 3, "3": 1}
    assert {name: kind for name, (kind, _) in problems.silent.items()} == {"0": "hard", "1": "easy", "3": "hard"}
    assert problems.probability("2") == problems.probability("7") == 1.0
    assert problems.probability("0") == pytest.approx(problems.chance["hard"] ** 3)


def test_it_is_skipped_as_often_as_its_probability_says() -> None:
    """Twice silent at p = ½: asked in a quarter of 2,000 steps."""
    problems = selective(size=2)
    problems.silent = {"0": ("hard", 2)}
    asked = Counter(name for step in range(2000) for name in ids(problems.draw(1, step)))
    assert asked["0"] / 2000 == pytest.approx(0.25, abs=0.03)  # 3 standard errors
    assert asked["1"] == 2000 - asked["0"]


def test_where_all_would_be_skipped_the_first_are_asked() -> None:
    problems = selective(size=8)
    problems.silent = {str(n): ("hard", 50) for n in range(8)}
    assert ids(problems.draw(4, 0)) == ["0", "1", "2", "3"]


def test_p_falls_while_too_many_groups_are_silent_and_rises_while_few_are() -> None:
    problems = selective()
    problems.draw(4, 0)
    observe(problems, {"0": [0, 0], "1": [0, 0], "2": [0, 1], "3": [1, 1]})  # hard ½ > 1/6, easy ¼ > 1/12
    problems.draw(4, 1)
    assert problems.chance == {"easy": pytest.approx(START - CHANGE), "hard": pytest.approx(START - CHANGE)}
    observe(problems, {"0": [1, 0], "1": [1, 0]})
    problems.draw(4, 2)
    assert problems.chance == {"easy": pytest.approx(START), "hard": pytest.approx(START)}
    problems.draw(4, 3)
    assert problems.chance == {"easy": pytest.approx(START), "hard": pytest.approx(START)}, "nothing was asked"


def test_p_never_reaches_zero() -> None:
    problems = selective()
    for step in range(200):
        problems.draw(2, step)
        observe(problems, {"0": [0, 0]})
    assert problems.chance["hard"] == LEAST
    assert problems.probability("0") > 0


def test_the_parts_of_a_group_are_one_group() -> None:
    """Its first rollouts differ, the later ones do not: it had a signal."""
    problems = selective()
    problems.draw(4, 0)
    observe(problems, {"0": [0, 1], "1": [0, 0]})
    observe(problems, {"0": [0, 0], "1": [1, 1]})
    problems.draw(4, 1)
    assert problems.silent == {}


def test_rewards_that_do_not_apply_are_no_silence() -> None:
    problems = selective()
    problems.observe([group([None, None])], 0)
    problems.draw(1, 1)
    assert problems.silent == {}


@pytest.mark.parametrize(("step", "kind"), [(49, "hard"), (50, "easy")])
def test_a_group_is_easy_by_the_full_marks_of_its_own_step(step: int, kind: str) -> None:
    """Full marks are 2 before step 50 and 1 from then on; the next step, also of a resumed run, judges the group."""
    problems, again = (Selective(Stream(8), 2, lambda step: 2.0 if step < 50 else 1.0, seed=0) for _ in range(2))
    problems.draw(4, step)
    observe(problems, {"0": [1, 1], "1": [0, 1]}, step)
    again.load_state_dict(json.loads(json.dumps(problems.state_dict())))
    for one in (problems, again):
        one.draw(4, step + 1)
        assert one.silent == {"0": (kind, 1)}


def test_rewards_whose_step_is_not_told_are_of_the_first() -> None:
    problems = Selective(Stream(8), 2, lambda step: 1.0 if step else 2.0, seed=0)
    problems.load_state_dict({"silent": {}, "asked": {"0": [1.0, 1.0]}, "chance": {"easy": 0.5, "hard": 0.5}})
    problems.draw(4, 9)
    assert problems.silent == {"0": ("hard", 1)}


def test_a_resumed_run_skips_the_same() -> None:
    problems, again = selective(), selective()
    for step in range(5):
        problems.draw(4, step)
        observe(problems, {"0": [0, 0], "1": [1, 1], "4": [0, 0], "2": [0, 1]})
    again.load_state_dict(json.loads(json.dumps(problems.state_dict())))
    assert again.state_dict() == problems.state_dict()
    assert [ids(again.draw(4, step)) for step in range(5, 9)] == [ids(problems.draw(4, step)) for step in range(5, 9)]
