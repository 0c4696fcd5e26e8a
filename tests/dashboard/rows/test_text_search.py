"""Search in completions and questions."""

from pathlib import Path
from typing import Any

import pytest

from page_runs import lines, page_run, step_records
from whet.dashboard.open_run import OpenRun
from whet.dashboard.rows import text_search
from whet.dashboard.rows.text_search import search


@pytest.fixture
def run(tmp_path: Path) -> OpenRun:
    return OpenRun(page_run(tmp_path / "r"))


def hits(run: OpenRun, text: str, **options: Any) -> list[dict[str, Any]]:
    return [line["hit"] for line in search(run, text, **options) if "hit" in line]


def test_hits_come_newest_first_with_their_surroundings(run: OpenRun) -> None:
    (found,) = hits(run, "go on")
    assert (found["step"], found["group"], found["sample"], found["field"]) == (3, 1, 3, "text")
    assert found["snippet"][found["at"] : found["at"] + found["length"]] == "go on"
    assert [one["step"] for one in hits(run, "40 + 2")] == [3, 2, 1, 0]


def test_every_completion_that_holds_it_is_found_once(run: OpenRun) -> None:
    expected = [r for step in range(4) for r in step_records(step) if "<answer>42<" in r["text"]]
    assert len(hits(run, "<answer>42<")) == len(expected) == 12


def test_case_counts_only_where_asked(run: OpenRun) -> None:
    assert len(hits(run, "i GO on")) == 1
    assert hits(run, "i GO on", case=True) == []
    assert len(hits(run, "I go on", case=True)) == 1


@pytest.mark.parametrize("text", ['say "hi"', "back\\slash", "π ≈ 3", "ligne\nnouvelle", "Straße", "\u202e", "a/b"])
def test_texts_that_json_spells_otherwise_are_found(run: OpenRun, text: str) -> None:
    records = step_records(2)
    records[5]["text"] = f"before {text} after"
    (run.path / "rollouts" / "step-000002.jsonl").write_text(lines(records))
    (found,) = hits(run, text)
    assert found["snippet"] == f"before {text} after"
    assert (found["at"], found["length"]) == (7, len(text))


def test_it_stops_at_its_limit_and_within_its_steps(run: OpenRun) -> None:
    found = list(search(run, "think", limit=3))
    assert found[-1] == {"done": True, "hits": 3, "full": True}
    assert {one["step"] for one in hits(run, "think", first=1, last=2)} == {1, 2}


def test_it_says_how_far_it_has_got(run: OpenRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_search, "TELL", 0.0)
    found = [line["progress"]["steps"] for line in search(run, "nothing at all") if "progress" in line]
    assert found == [1, 2, 3, 4, 4]
    assert list(search(run, "nothing at all"))[-1] == {"done": True, "hits": 0, "full": False}


def test_what_looks_like_a_pattern_is_a_text(run: OpenRun) -> None:
    assert hits(run, "go.on") == []
    assert hits(run, ".*") == []
