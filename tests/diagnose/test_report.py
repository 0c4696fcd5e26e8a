"""The check's report, for people and for programs."""

import json
from dataclasses import replace

import pytest

from probes import COLD, HEALTHY
from whet.diagnose.evidence import RecipeFacts
from whet.diagnose.lengths import LengthReport, measure_lengths
from whet.diagnose.probe import Probe
from whet.diagnose.report import CheckReport, Follows
from whet.types import GoldFailure, Problem, Reward

PROBE = HEALTHY
LENGTHS = measure_lengths([30, 40, 50], [60, 70, 80], max_tokens=128, context=2048)


def failure(id: int) -> GoldFailure:
    return GoldFailure(Problem(str(id), "2 + 2?", "4"), "<answer>4</answer>", Reward(0.0), 1.0, {"accuracy": 0.0})


def rows(probe: Probe = PROBE, lengths: LengthReport = LENGTHS, failures: int = 0) -> dict[str, tuple[str, str]]:
    report = CheckReport.of(lengths, probe, 200, tuple(map(failure, range(failures))))
    return {what: (figure, verdict) for what, figure, verdict in report.rows()}


def test_a_healthy_report_in_rows() -> None:
    assert rows() == {
        "gold solutions": ("200 of 200 score full marks", "rewards and data agree"),
        "prompt tokens": ("median 40, longest 50", "each leaves room for 128 in a context of 2048"),
        "solution tokens": ("median 70, 95 % up to 80, longest 80", "max_tokens 128 leaves room"),
        "right answers (pass@1)": ("66 %", "95 % interval 56 % to 75 %"),
        "solved at least once (pass@4)": ("90 %", "of 32 problems"),
        "right answer anywhere": ("67 %", "lenient: wherever it stands"),
        "keeps the format": ("100 %", "known"),
        "truncated": ("0 %", "rarely"),
        "response tokens": ("mean 40", "of 128 responses"),
        "mean reward": ("0.66", "differs within 70 % of groups of 4"),
        "mixed groups of 8": ("85 %", "expected (95 % interval 66 % to 94 %): enough to learn from"),
    }


def test_troubles_are_named() -> None:
    probe = replace(PROBE, format_rate=0.1, truncated=0.5, mixed=0.1, mixed_interval=(0.03, 0.2), mean_reward=None)
    lengths = measure_lengths([30, 1990], [60, 200], max_tokens=128, context=2048)
    found = rows(probe, lengths, failures=3)
    assert found["gold solutions"] == ("197 of 200 score full marks", "rewards and data disagree about these")
    assert found["prompt tokens"][1] == "1 leave no room for 128 tokens"
    assert found["solution tokens"][1] == "1 of 2 would be truncated at 128: try 304"  # 1.5 · 200 = 300
    assert found["keeps the format"] == ("10 %", "not known yet")
    assert found["truncated"] == ("50 %", "often: each loses its reward")
    assert found["mean reward"][0] == "none applies"
    assert found["mixed groups of 8"][1] == "expected (95 % interval 3 % to 20 %): too few to learn from"


def test_what_is_not_known_is_not_told() -> None:
    found = rows(lengths=measure_lengths([30], [], max_tokens=128))
    assert "solution tokens" not in found
    assert found["prompt tokens"][1] == ""


def test_the_diagnosis_hears_of_the_gold_failures() -> None:
    assert CheckReport.of(LENGTHS, PROBE, 200).diagnosis.cause == "ready"
    assert CheckReport.of(LENGTHS, PROBE, 2, (failure(0),)).diagnosis.cause == "parser"


def test_the_diagnosis_hears_whether_there_are_solutions() -> None:
    hard = replace(PROBE, right=1, pass_at_1=1 / 128, lenient=1 / 128, mixed=0.05)
    assert CheckReport.of(LENGTHS, hard, 200).diagnosis.warm_start
    assert not CheckReport.of(LENGTHS, hard, 200, facts=RecipeFacts(solutions=False)).diagnosis.warm_start


def test_a_report_is_json() -> None:
    row = CheckReport.of(LENGTHS, PROBE, 200, tuple(map(failure, range(9)))).as_dict(examples=2)
    read = json.loads(json.dumps(row))
    shown = {"verdict", "rows", "histograms"}
    assert set(read) == {"gold", "lengths", "probe", "diagnosis", "overlap", "follows", "passes"} | shown
    assert (read["gold"]["checked"], read["gold"]["failed"]) == (200, 9)
    assert [example["id"] for example in read["gold"]["examples"]] == ["0", "1"]
    assert read["gold"]["examples"][0]["parts"] == {"accuracy": 0.0}
    assert read["probe"]["pass_at_1_interval"] == [0.56, 0.75]
    assert (read["lengths"]["suggested"], read["lengths"]["truncated_share"]) == (128, 0.0)
    assert read["diagnosis"]["cause"] == "parser"


COLD_REPORT = CheckReport.of(LENGTHS, COLD, 200)
SHORT_REPORT = CheckReport.of(measure_lengths([30], [60] * 97 + [200] * 3, max_tokens=128), COLD, 200)


@pytest.mark.parametrize(
    ("report", "follows", "passes", "verdict"),
    [
        (CheckReport.of(LENGTHS, PROBE, 200), "train", True, "nothing stands in the way: GRPO begins"),
        (CheckReport.of(LENGTHS, PROBE, 200), "warm_start", True, "a warm start comes first, as the recipe asks"),
        (COLD_REPORT, "warm_start", True, "a warm start comes first, and cures this"),
        (SHORT_REPORT, "warm_start", False, "a warm start comes first, but it does not cure all of this"),
        (COLD_REPORT, "train", False, "no warm start comes, and GRPO begins whatever is said above"),
        (COLD_REPORT, "stop", False, "training would stop before its first step"),
        (CheckReport.of(LENGTHS, PROBE, 200, (failure(0),)), "train", True, "nothing stands in the way: GRPO begins"),
    ],
)
def test_a_check_passes_where_what_follows_cures_what_was_found(
    report: CheckReport, follows: Follows, passes: bool, verdict: str
) -> None:
    report = replace(report, follows=follows)
    assert (report.passes, report.verdict()) == (passes, verdict)
    assert (report.as_dict()["follows"], report.as_dict()["passes"]) == (follows, passes)


def test_rows_verdict_and_histograms_are_in_the_json() -> None:
    found = CheckReport.of(LENGTHS, PROBE, 200).as_dict()
    assert found["rows"][0] == {
        "what": "gold solutions",
        "figure": "200 of 200 score full marks",
        "note": "rewards and data agree",
    }
    assert found["verdict"] == "nothing stands in the way: GRPO begins"
    prompts, solutions = found["histograms"]
    assert (prompts["name"], sum(prompts["counts"]), sum(solutions["counts"])) == ("prompt_tokens", 3, 3)
    assert solutions["lines"] == [{"at": 128, "text": "max_tokens"}]
    assert "histograms" not in found["lengths"]
    assert "histograms" not in found["probe"]
