"""Token ids, spelled."""

from pathlib import Path

import tiny
from whet.dashboard.token_texts import TokenTexts


def test_tokens_are_spelled_by_the_run_s_own_tokenizer(tmp_path: Path) -> None:
    tiny.tiny_tokenizer().save_pretrained(tmp_path / "final")
    texts = TokenTexts(tmp_path, "nothing")
    ids = [tiny.VOCABULARY.index(one) for one in ("4", "2", tiny.END)]
    assert texts.of(ids) == ["4", "2", tiny.END]
    assert texts.of([]) == []
    assert texts.why_not is None


def test_a_run_that_goes_on_uses_the_folder_of_its_model(tmp_path: Path) -> None:
    tiny.tiny_tokenizer().save_pretrained(tmp_path / "model")
    (tmp_path / "run").mkdir()
    assert TokenTexts(tmp_path / "run", str(tmp_path / "model")).of([7]) == [tiny.VOCABULARY[7]]


def test_without_one_it_says_so_and_looks_again_later(tmp_path: Path) -> None:
    texts = TokenTexts(tmp_path, "some/model")
    assert texts.of([1, 2]) is None
    assert "the tokenizer of some/model is not on this machine yet" in str(texts.why_not)
    tiny.tiny_tokenizer().save_pretrained(tmp_path / "final")
    assert texts.why_not is None


def test_a_broken_file_and_impossible_ids_are_no_fault(tmp_path: Path) -> None:
    (tmp_path / "final").mkdir()
    (tmp_path / "final" / "tokenizer.json").write_text("{}")
    assert TokenTexts(tmp_path, "x").of([1]) is None
    tiny.tiny_tokenizer().save_pretrained(tmp_path / "final")
    assert TokenTexts(tmp_path, "x").of([2**40]) is None
