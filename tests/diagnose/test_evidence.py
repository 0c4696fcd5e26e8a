"""The figures that sentences are made of."""

from dataclasses import replace

import pytest

from probes import COLD
from whet.diagnose.evidence import Evidence
from whet.diagnose.lengths import measure_lengths


def test_figures_name_what_was_measured() -> None:
    figures = Evidence(COLD, measure_lengths([9], [60], 64), gold_failed=2, gold_checked=50).figures()
    assert (figures["right"], figures["responses"], figures["pass_at_1"]) == ("1", "128", "0.8 %")
    assert (figures["interval"], figures["gold_failed"]) == ("56 % to 75 %", "2")
    assert (figures["mixed"], figures["mixed_interval"]) == ("6 %", "1 % to 22 %")


@pytest.mark.parametrize(
    ("right", "said"),
    [
        (0.4, "of those that end, 40 % are right"),
        (0.0, "of those that end, 0 % are right"),
        (None, "none ends"),
    ],
)
def test_what_became_of_responses_that_end(right: float | None, said: str) -> None:
    evidence = Evidence(replace(COLD, finished_right=right), measure_lengths([9], [60], 64))
    assert evidence.figures()["of_those_that_end"] == said


def test_without_solutions_their_length_is_not_told() -> None:
    assert Evidence(COLD, measure_lengths([9], [], 64)).figures()["solution_length"] == ""
    told = Evidence(COLD, measure_lengths([9], [60], 64)).figures()["solution_length"]
    assert told == ", where 95 % of gold solutions have at most 60"
