"""Class labels of `datasets`: a row holds the name of its class, not its number."""

from pathlib import Path

import pytest
from datasets import ClassLabel, Dataset, Features, Value

from whet.config import SourceConfig
from whet.data.class_labels import label_names, labels_in, with_names
from whet.data.load_data import load_source

QUESTIONS = ["Is the sky wet today?", "Is the sea dry today?", "Is the sun out today?"]
FEATURES = Features({"question": Value("string"), "label": ClassLabel(names=["no", "yes"])})
LABELLED = Dataset.from_dict({"question": QUESTIONS, "label": [1, 0, 1]}, features=FEATURES)


def _answers(path: Path) -> list[str]:
    problems = load_source(SourceConfig(name=str(path)), "train", 0)
    return [problem.answer for problem in problems]


def test_every_way_to_store_a_data_set_gives_the_names(tmp_path: Path) -> None:
    LABELLED.save_to_disk(str(tmp_path / "saved"))
    LABELLED.to_parquet(str(tmp_path / "train.parquet"))
    folder = tmp_path / "cloned"
    folder.mkdir()
    LABELLED.to_parquet(str(folder / "data-00000-of-00001.parquet"))
    (folder / "README.md").write_text(
        "---\nconfigs: [{config_name: default, data_files: [{split: train, path: '*'}]}]\n---\n"
    )
    arrow = next((tmp_path / "saved").glob("*.arrow"))
    for path in (tmp_path / "saved", tmp_path / "train.parquet", folder, arrow):
        assert _answers(path) == ["yes", "no", "yes"], path.name


def test_a_label_names_an_option_by_its_letter(tmp_path: Path) -> None:
    features = Features(
        {"question": Value("string"), "choices": [Value("string")], "answer": ClassLabel(names=[*"ABC"])}
    )
    rows = {"question": QUESTIONS, "choices": [["a cat", "a dog", "a cow"]] * 3, "answer": [2, 0, 1]}
    Dataset.from_dict(rows, features=features).to_parquet(str(tmp_path / "train.parquet"))
    assert _answers(tmp_path / "train.parquet") == ["C", "A", "B"]


def test_numbers_without_words_stay() -> None:
    assert label_names({"label": ClassLabel(names=["0", "1"]), "text": Value("string")}) == {}
    assert label_names(None) == {}
    assert label_names(FEATURES) == {"label": ["no", "yes"]}


@pytest.mark.parametrize("metadata", [None, {}, {b"huggingface": b"no JSON"}, {b"huggingface": b'{"info": []}'}])
def test_metadata_of_others_has_no_labels(metadata: dict[bytes, bytes] | None) -> None:
    assert labels_in(metadata) == {}


def test_no_class_is_no_answer() -> None:
    names = {"label": ["no", "yes"]}
    assert with_names({"label": -1}, names) == {"label": None}
    assert with_names({"label": 7}, names) == {"label": 7}
    assert with_names({"label": None, "a": 1}, names) == {"label": None, "a": 1}
