"""docs/metrics.md as data: the one source of what a metric means."""

import re
from pathlib import Path

import pytest

from whet.dashboard.rows import meanings as module
from whet.dashboard.rows.meanings import document, healthy_range, meanings, order

DOCUMENT = Path(__file__).parents[3] / "docs" / "metrics.md"


def test_the_document_is_that_of_the_repository() -> None:
    assert document() == DOCUMENT.read_text("utf-8")


def test_the_wheel_carries_it_where_it_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "metrics.md").write_text("## packaged\n")
    monkeypatch.setattr(module, "PACKAGED", tmp_path / "metrics.md")
    assert document.__wrapped__() == "## packaged\n"
    project = (DOCUMENT.parents[1] / "pyproject.toml").read_text("utf-8")
    assert '"docs/metrics.md" = "whet/dashboard/metrics.md"' in project


def test_every_row_of_every_table_is_there() -> None:
    rows = re.findall(r"^\| `([^`]+)` \|", DOCUMENT.read_text("utf-8"), flags=re.MULTILINE)
    found = [one["name"] for section in meanings()["sections"] for one in section["metrics"]]
    assert found == rows
    assert len(found) > 40


def test_a_metric_has_its_formula_and_its_healthy_range() -> None:
    known = {one["name"]: one for section in meanings()["sections"] for one in section["metrics"]}
    assert known["reward"]["formula"] == "mean of r_i"
    assert known["frac_reward_zero_std"]["range"] == [None, 0.75]
    assert known["kl"]["range"] == [0.0, 0.1]
    assert known["non_finite_ratio"]["range"] == [0.0, 0.0]
    assert "\\|" not in known["completions/mean_length"]["formula"]
    assert known["completions/mean_length"]["formula"].startswith("mean of |o_i|")
    assert re.match(known["rewards/<function>/mean"]["pattern"], "rewards/accuracy/mean")
    assert not re.match(known["reward"]["pattern"], "reward_std")


def test_sections_say_which_file_and_phase_they_are_of() -> None:
    found = [(section["file"], section["phase"]) for section in meanings()["sections"]]
    assert ("metrics", "grpo") in found
    assert ("metrics", "sft") in found
    assert ("timings", None) in found
    assert ("eval", None) in found


def test_what_to_read_first_is_there() -> None:
    first = meanings()["first"]
    assert [one["name"] for one in first] == ["accuracy", "reward", "frac_reward_zero_std", "completions/clipped_ratio"]
    assert all(one["text"] for one in first)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("under 0.1; above, raise `x`", [None, 0.1]),
        ("above 0.25; near 0 …", [0.25, None]),
        ("0.95 to 1.05; far below, …", [0.95, 1.05]),
        ("0.3 and more on a CPU", [0.3, None]),
        ("0 with one pass; under 0.1 with more", [0.0, 0.1]),
        ("0, or the share of problems", [0.0, 0.0]),
        ("0", [0.0, 0.0]),
        ("0 up to rounding with one pass", None),
        ("rising", None),
        ("", None),
        ("near 1 after a warm start", None),
    ],
)
def test_words_become_numbers_only_where_they_are_plain(words: str, expected: object) -> None:
    assert healthy_range(words) == expected


def test_metrics_are_sorted_as_in_the_document_and_others_come_last() -> None:
    names = ["mine", "kl", "rewards/zeta/mean", "rewards/alpha/mean", "reward", "a_first"]
    assert order(names) == ["reward", "rewards/alpha/mean", "rewards/zeta/mean", "kl", "a_first", "mine"]
