"""Folders as the hub has them and as `save_to_disk` writes them."""

from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from whet.config import DataConfig, SourceConfig
from whet.data.dataset_folder import check_folder, folder_rows
from whet.data.load_data import find_data, load_source
from whet.errors import UserError


def rows(start: int, count: int = 3) -> list[dict[str, str]]:
    return [{"question": f"{n} + 1?", "answer": str(n + 1)} for n in range(start, start + count)]


def shard(path: Path, start: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pyarrow.Table.from_pylist(rows(start)), path)


@pytest.fixture
def cloned(tmp_path: Path) -> Path:
    """A repository of the hub: shards in data/, and a card."""
    shard(tmp_path / "sums" / "data" / "train-00000-of-00002.parquet", 0)
    shard(tmp_path / "sums" / "data" / "train-00001-of-00002.parquet", 3)
    shard(tmp_path / "sums" / "data" / "test-00000-of-00001.parquet", 6)
    (tmp_path / "sums" / "README.md").write_text("---\nlicense: mit\n---\n# Sums\n")
    return tmp_path / "sums"


def test_a_cloned_data_set(cloned: Path) -> None:
    assert [row for _, row in folder_rows(cloned, None, "train")] == rows(0, 6)
    assert len(load_source(SourceConfig(name=str(cloned)), "test", 0)) == 3
    find_data(DataConfig(train=SourceConfig(name=str(cloned))))
    with pytest.raises(UserError, match=r"data.train.split: .*has no split 'dev', only train, test"):
        load_source(SourceConfig(name=str(cloned), split="dev"), "train", 0)


def test_configurations_of_a_card(tmp_path: Path) -> None:
    for name, start in (("main", 0), ("socratic", 10)):
        shard(tmp_path / name / "train-00000-of-00001.parquet", start)
    configs = "".join(
        f"- config_name: {name}\n  data_files:\n  - split: train\n    path: {name}/train-*\n"
        for name in ("main", "socratic")
    )
    (tmp_path / "README.md").write_text(f"---\nconfigs:\n{configs}---\n")
    picked = SourceConfig(name=str(tmp_path), params={"config": "socratic"})
    assert [one.answer for one in load_source(picked, "train", 0)] == ["11", "12", "13"]
    with pytest.raises(UserError, match=r"data.train.params.config: .*has the configurations main, socratic; name one"):
        load_source(SourceConfig(name=str(tmp_path)), "train", 0)
    with pytest.raises(UserError, match=r"did you mean main\?"):
        check_folder(tmp_path, "mian", "train")


def test_what_save_to_disk_writes(tmp_path: Path) -> None:
    from datasets import Dataset, DatasetDict

    Dataset.from_list(rows(0)).save_to_disk(str(tmp_path / "one"))
    both = {"train": Dataset.from_list(rows(0)), "validation": Dataset.from_list(rows(5))}
    DatasetDict(both).save_to_disk(str(tmp_path / "two"))
    assert list(folder_rows(tmp_path / "one", None, "train")) == list(enumerate(rows(0), 1))
    assert list(folder_rows(tmp_path / "two", None, "validation")) == list(enumerate(rows(5), 1))
    with pytest.raises(UserError, match=r"has no split 'test', only train, validation; .*params.hold_out"):
        list(folder_rows(tmp_path / "two", None, "test"))
    with pytest.raises(UserError, match=r"data.test: is missing, and .*one has no test split; .*hold_out 0.1"):
        find_data(DataConfig(train=SourceConfig(name=str(tmp_path / "one"))))


def test_a_folder_of_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("hello")
    with pytest.raises(UserError, match=r"nothing else in .* that Whet reads"):
        load_source(SourceConfig(name=str(tmp_path)), "train", 0)
