"""The figures that sentences are made of."""

import pytest

from whet.diagnose.evidence import Evidence
from whet.diagnose.lengths import measure_lengths
from whet.diagnose.probe import Probe

PROBE = Probe(
    problems=16,
    samples=4,
    group_size=8,
    right=4,
    pass_at_1=4 / 64,
    pass_at_1_interval=(0.02, 0.15),
    pass_at_k=3 / 16,
    lenient=0.1,
    format_rate=0.9,
    finished_format_rate=None,
    truncated=0.05,
    rejected=0.0,
    signal=0.2,
    mixed=0.3,
    mean_reward=0.06,
    reward_gap=None,
    mean_length=30.0,
)


@pytest.mark.parametrize(
    ("solutions", "room"),
    [([60] * 10, 128), ([100] * 10, 152), ([], 128)],  # twice 64 where they fit; 1.5 · 100 on the next 8
)
def test_room_to_try(solutions: list[int], room: int) -> None:
    assert Evidence(PROBE, measure_lengths([9], solutions, max_tokens=64)).room == room


def test_figures_name_what_was_measured() -> None:
    figures = Evidence(PROBE, measure_lengths([9], [60], 64), gold_failed=2, gold_checked=50).figures()
    assert (figures["right"], figures["responses"], figures["pass_at_1"]) == ("4", "64", "6.2 %")
    assert (figures["interval"], figures["gold_failed"]) == ("2 % to 15 %", "2")


def test_fixes_are_offered_only_where_they_help() -> None:
    lengths = measure_lengths([9], [60], 64)
    figures = Evidence(PROBE, lengths).figures()
    assert (figures["warm_start"], figures["double_groups"]) == (
        "--sft.when always, or ",
        "--grpo.group_size 16, or ",
    )
    assert figures["larger_groups"] == "--grpo.group_size 16, or "
    without = Evidence(PROBE, lengths, solutions=False).figures()
    assert without["warm_start"] == ""
