"""A fault is told once, and again only after it has passed."""

import json
from typing import Any

import pytest

import histories
from whet.diagnose.health import Finding, Health


def fed(health: Health, values: list[float], start: int = 0, name: str = "kl") -> list[tuple[int, str]]:
    found = [health.step(start + n, {name: value}) for n, value in enumerate(values)]
    return [(finding.step, finding.detector) for findings in found for finding in findings]


def test_a_fault_is_told_once_it_has_held_three_steps() -> None:
    """The median of the latest three is 1 from step 5 on."""
    assert fed(Health(), [0.05] * 4 + [1.0] * 5) == [(7, "kl_runaway")]
    assert fed(Health(), [0.05] * 4 + [1.0] * 2 + [0.05] * 9) == [], "two bad steps are not a fault"


def test_it_is_not_told_again_while_it_lasts() -> None:
    assert fed(Health(), [1.0] * 50) == [(4, "kl_runaway")]


def test_between_the_two_thresholds_nothing_changes() -> None:
    health = Health()
    assert len(fed(health, [1.0] * 6)) == 1
    assert fed(health, [0.4] * 30 + [1.0] * 10, 6) == [], "0.4 is below the threshold, and not yet well"


def test_after_it_has_passed_it_is_told_again() -> None:
    health = Health()
    assert len(fed(health, [1.0] * 6)) == 1
    assert fed(health, [0.05] * 4 + [1.0] * 6, 6) == [], "well for four readings only"
    assert [step for step, _ in fed(health, [0.05] * 6 + [1.0] * 6, 16)] == [25]


def test_a_finding_says_what_and_what_to_do() -> None:
    health = Health()
    found = [f for n in range(5) for f in health.step(n, {"completions/clipped_ratio": 0.5})]
    (finding,) = found
    assert finding == Finding(
        step=4,
        detector="truncated",
        figure=0.5,
        threshold=0.25,
        sentence="50 % of responses are truncated: what they had found earns nothing.",
        fix="raise grpo.sampling.max_tokens",
    )
    assert str(finding) == f"health, step 4: {finding.sentence} To fix it: {finding.fix}"
    assert json.loads(json.dumps(finding.as_dict()))["detector"] == "truncated"


def test_a_measurement_is_judged_when_it_comes() -> None:
    health = Health()
    summary: dict[str, Any] = {"problems": 400, "accuracy": 0.6, "lenient_accuracy": 0.6, "format_rate": 1.0}
    assert health.measured(summary) == []
    for step in range(20):
        health.step(step, {"reward": 0.3 if step < 10 else 0.6})
    (finding,) = health.measured({**summary, "accuracy": 0.4, "lenient_accuracy": 0.4})
    assert (finding.step, finding.detector) == (19, "reward_hacking")
    assert finding.sentence == (
        "held-out accuracy fell from 60 % to 40 % (5.7 standard errors) while the reward rose from 0.30 to 0.60: "
        "the reward is being gamed."
    )


@pytest.mark.parametrize("seed", [30_002, 30_009])
def test_the_same_history_gives_the_same_findings(seed: int) -> None:
    assert histories.run(seed).findings == histories.run(seed).findings


@pytest.mark.parametrize("metrics", [{}, {"kl": None}, {"kl": float("nan")}, {"entropy": float("inf")}])
def test_figures_that_are_missing_or_broken_do_no_harm(metrics: dict[str, Any]) -> None:
    health = Health()
    assert [finding for n in range(30) for finding in health.step(n, metrics)] == []
