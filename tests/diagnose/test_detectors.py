"""The table of detectors: its rows are sound, and on seeds that nothing was chosen on they find what is there."""

import re

import pytest

import detection
from detection import REPORTED_ON, TUNED_ON, Score
from house.source import ROOT
from whet.diagnose.detectors import DETECTORS, HELD_OUT_DETECTORS, STEP_DETECTORS, Detector
from whet.diagnose.history import History
from whet.recipe.keys import known_keys

DOCUMENT = (ROOT / "docs" / "diagnosis.md").read_text("utf-8")
KEY = re.compile(r"\b(?:model|data|format|sft|grpo|eval|run)(?:\.[a-z_]+)+\b")


@pytest.fixture(scope="module")
def scores() -> dict[str, Score]:
    return detection.scores(REPORTED_ON)


def test_nothing_was_chosen_on_the_seeds_that_are_reported() -> None:
    assert not set(TUNED_ON) & set(REPORTED_ON)
    assert len(REPORTED_ON) >= 40


@pytest.mark.parametrize("name", [row.name for row in DETECTORS])
def test_precision_and_recall(scores: dict[str, Score], name: str) -> None:
    score = scores[name]
    assert score.found + score.missed >= 30
    assert score.precision >= 0.9
    assert score.recall >= 0.9


def test_the_table_of_the_document_is_what_is_measured(scores: dict[str, Score]) -> None:
    assert detection.table(scores) in DOCUMENT


def test_a_score_by_hand() -> None:
    score = Score(found=9, missed=3, false=1)
    assert (score.precision, score.recall) == (0.9, 0.75)


@pytest.mark.parametrize("row", DETECTORS, ids=lambda row: row.name)
def test_a_row_is_sound_and_documented(row: Detector) -> None:
    assert row.clear < row.threshold
    assert min(row.steps, row.calm) >= 1
    assert "{figure}" in row.sentence or row.name == "format_only"
    assert "arXiv:" in row.source
    assert row.measure(History()) is None
    assert f"### `{row.name}`" in DOCUMENT
    assert row.fix in " ".join(DOCUMENT.split())
    assert all(f"`{name}`" in DOCUMENT for name in row.reads)


@pytest.mark.parametrize("row", DETECTORS, ids=lambda row: row.name)
def test_a_fix_names_knobs_that_exist(row: Detector) -> None:
    assert [key for key in KEY.findall(row.fix) if key not in known_keys()] == []


def test_figures_are_ones_that_runs_write() -> None:
    documented = (ROOT / "docs" / "metrics.md").read_text("utf-8")
    assert [name for row in DETECTORS for name in row.reads if f"`{name}`" not in documented] == []


def test_names_differ() -> None:
    names = [row.name for row in (*STEP_DETECTORS, *HELD_OUT_DETECTORS)]
    assert len(names) == len(set(names)) == len(DETECTORS)
