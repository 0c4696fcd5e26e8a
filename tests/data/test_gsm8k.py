"""GSM8K's real files, row by row, and its hub name."""

import json
import re
from pathlib import Path

import pytest

from whet.data import gsm8k
from whet.data.gsm8k import load_gsm8k, split_answer
from whet.errors import UserError


def test_the_real_files_load_whole(shared: Path) -> None:
    train = load_gsm8k("train", str(shared / "gsm8k"))
    test = load_gsm8k("test", str(shared / "gsm8k"))
    assert (len(train), len(test)) == (7473, 1319)
    problems = train + test
    assert len({problem.id for problem in problems}) == len(problems)
    assert all(re.fullmatch(r"-?\d+", problem.answer) for problem in problems)
    assert sorted(int(p.answer) for p in problems if p.answer.startswith("-")) == [-47, -12, -10, -7, -3]
    assert all(p.solution and "<<" not in p.solution and "####" not in p.solution for p in problems)
    assert {(p.source, len(p.columns)) for p in problems} == {("gsm8k", 2)}


def test_golds_with_commas_keep_their_value(shared: Path) -> None:
    found = 0
    for split in ("train", "test"):
        text = (shared / "gsm8k" / f"{split}.jsonl").read_text("utf-8")
        golds = [json.loads(line)["answer"].rsplit("#### ", 1)[1] for line in text.splitlines()]
        loaded = load_gsm8k(split, str(shared / "gsm8k"))
        found += sum("," in gold for gold in golds)
        assert [int(gold.replace(",", "")) for gold in golds] == [int(p.answer) for p in loaded]
    assert found == 93


def test_a_solution_keeps_its_words_and_loses_its_calculator() -> None:
    text = "Natalia sold 48/2 = <<48/2=24>>24 clips in May.\nIn all 48+24 = <<48+24=72>>72.\n#### 72"
    assert split_answer(text) == ("Natalia sold 48/2 = 24 clips in May.\nIn all 48+24 = 72.", "72")
    assert split_answer("#### -1,234,567") == ("", "-1234567")
    assert split_answer("#### 1,2") == ("", "1,2")
    assert split_answer("no gold") is None
    assert split_answer("####   ") is None


def test_one_file_is_read_whatever_the_split(tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text(json.dumps({"question": "1 + 1?", "answer": "It is 2.\n#### 2"}))
    (problem,) = load_gsm8k("test", str(file))
    assert (problem.question, problem.answer, problem.solution) == ("1 + 1?", "2", "It is 2.")


@pytest.mark.parametrize("row", [{"question": "1?"}, {"question": " ", "answer": "#### 2"}, {"answer": "#### 2"}])
def test_rows_without_question_or_gold_are_broken(tmp_path: Path, row: dict[str, str]) -> None:
    file = tmp_path / "train.jsonl"
    file.write_text(json.dumps({"question": "q", "answer": "#### 1"}) + "\n" + json.dumps(row))
    with pytest.raises(UserError, match=r"1 of 2 rows are broken: row 2 has no (question|answer after ####)"):
        load_gsm8k("train", str(tmp_path))


def test_the_hub_is_asked_for_the_main_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str | None, str]] = []

    def hub_rows(name: str, config: str | None, split: str) -> list[tuple[int, dict[str, str]]]:
        asked.append((name, config, split))
        return [(1, {"question": "1 + 1?", "answer": "#### 2"})]

    monkeypatch.setattr(gsm8k, "hub_rows", hub_rows)
    assert load_gsm8k("test")[0].answer == "2"
    assert asked == [("openai/gsm8k", "main", "test")]
