"""Slopes of known laws."""

from typing import Any

import pytest

from bench_fakes import Fake, steps
from benchmarks.slopes import AXES, BASE, slope, slopes
from whet.config import GrpoConfig


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 2.0])
def test_a_power_law_has_its_exponent(power: float) -> None:
    sizes = [3.0, 7.0, 20.0]
    assert slope(sizes, [5 * size**power for size in sizes]) == pytest.approx(power)


def test_each_axis_by_itself() -> None:
    """A machine on which a step costs its response tokens, and prompts nothing."""

    def answer(work: Any) -> dict[str, Any]:
        some = work["work"]
        return {"steps": steps(0.01 * some["prompts"] * some["group"] * some["tokens"])}

    table = slopes(Fake("whet", answer), "m", 2, lambda text: None)  # type: ignore[arg-type]
    found = {row[0]: row[-1] for row in table.rows}
    assert found == {"G": "**1.00**", "C": "**1.00**", "P": "**0.00**", "P, shared by 2": "**0.00**"}
    assert table.rows[0][1] == "4: 1.28 s"


def test_less_shared_prompts_are_the_same_rows() -> None:
    for shared, alone in zip(AXES["P"], AXES["P, shared by 2"], strict=True):
        assert shared.rows == alone.rows == BASE.rows
        assert shared.prompt_tokens == alone.prompt_tokens
        assert (shared.group, alone.group) == (8, 2)


def test_every_work_is_one_that_a_recipe_may_ask_for() -> None:
    for work in (work for works in AXES.values() for work in works):
        assert GrpoConfig(group_size=work.group, prompts_per_step=work.prompts).group_size == work.group
