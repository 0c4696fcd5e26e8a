"""The table of families: how a row comes about, and that the page has one for each family there is."""

import re

import pytest

from benchmarks.families import FAST, OWN, PAGE, REFUSED, UNMADE, Row, kinds, page, rows_of, tried
from benchmarks.tiny_configs import tiny_config


@pytest.mark.parametrize(("kind", "through"), [("llama", FAST), ("gemma2", FAST), ("gpt2", OWN)])
def test_a_family_that_trains_answers_the_same_once_saved(kind: str, through: str) -> None:
    assert tried(kind) == Row(kind, through, "yes", "")


def test_a_family_that_does_not_is_refused_and_says_why() -> None:
    row = tried("bert")
    assert row.full == REFUSED
    assert row.why.startswith("bert models cannot be sampled")


def test_a_family_that_cannot_be_made_claims_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(kind: str) -> None:
        raise ValueError("no such size")

    monkeypatch.setattr("benchmarks.families.tiny_config", fails)
    assert tried("llama") == Row("llama", UNMADE, "", "ValueError: no such size")


def test_the_page_covers_the_families_of_the_installed_transformers() -> None:
    text = PAGE.read_text(encoding="utf-8")
    there = re.findall(r"^\| `([^`]+)` \|", text, flags=re.MULTILINE)[1:]  # without the head of the table
    version = re.search(r"transformers (5\.\d+)", text)
    import transformers

    assert version
    if transformers.__version__.startswith(version[1]):
        assert there == kinds()
    assert "FAILED" not in text


def test_the_page_counts_its_rows() -> None:
    rows = [Row("a", FAST, "yes", ""), Row("b", OWN, REFUSED, "x | y"), Row("c", REFUSED, "", "no")]
    text = page(rows, "5.0")
    assert "3 families" in text
    assert "1 fast paths, 1 its own forward, 1 refused." in text
    assert "| `b` | its own forward | refused | x \\| y |" in text
    assert rows_of(text) == {row.kind: row for row in rows}


def test_every_known_dimension_shrinks_also_inside() -> None:
    config = tiny_config("gemma3")
    assert config.text_config.hidden_size == 32
    assert config.text_config.vocab_size == config.get_text_config().vocab_size == 128
