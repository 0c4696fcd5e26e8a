"""The line and the JSON of near-duplicates."""

import json

from whet.diagnose.contamination import SHOWN, NearPair, OverlapReport


def test_a_report_is_a_line_with_the_count_and_the_worst_pair() -> None:
    report = OverlapReport(256, 3, 0.5, NearPair(0.586, "How far\n is it?", "x" * 200))
    what, figure, verdict = report.row()
    assert (what, figure) == ("near-duplicates", "3 of 256 held-out questions")
    assert verdict == f"closest, 59% alike: 'How far is it?' ~ '{'x' * (SHOWN - 1)}…'"


def test_nothing_in_common() -> None:
    assert OverlapReport(8, 0, 0.5, None).row()[2] == "no two questions read alike"


def test_it_is_json() -> None:
    report = OverlapReport(8, 1, 0.5, NearPair(0.75, "a", "b"))
    read = json.loads(json.dumps(report.as_dict()))
    worst = {"similarity": 0.75, "test": "a", "train": "b"}
    assert read == {"compared": 8, "near": 1, "threshold": 0.5, "worst": worst}
