"""Names, paths and parameters: what loads, and what is said where nothing can."""

import json
from pathlib import Path
from typing import Any

import pytest

from whet.config import DataConfig, SourceConfig
from whet.data import sources
from whet.data.arithmetic import Arithmetic
from whet.data.sources import check_source, load_data, load_source
from whet.errors import UserError


@pytest.fixture
def sums(tmp_path: Path) -> Path:
    """A folder with 300 sums to train on and 20 others to test on."""
    for split, start, count in (("train", 0, 300), ("test", 1000, 20)):
        rows = [{"prompt": f"What is {i} + 1?", "answer": i + 1} for i in range(start, start + count)]
        (tmp_path / f"{split}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return tmp_path


def refused(field: str = "data.train", **config: Any) -> str:
    with pytest.raises(UserError) as refusal:
        load_source(SourceConfig(**config), "train", 0, field)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def test_arithmetic_by_name() -> None:
    config = SourceConfig(name="arithmetic", params={"level": 3, "working": {"full": 1}})
    assert load_source(config, "train", 5) == Arithmetic("train", 3, seed=5, working={"full": 1})
    assert len(load_source(SourceConfig(name="arithmetic", limit=10), "train", 0)) == 10


def test_held_out_sums_do_not_depend_on_the_seed_of_the_run() -> None:
    config = SourceConfig(name="arithmetic")
    assert load_source(config, "test", 1)[:5] == load_source(config, "test", 2)[:5]
    assert load_source(config, "train", 1)[:5] != load_source(config, "train", 2)[:5]


def test_files_and_folders(sums: Path) -> None:
    assert len(load_source(SourceConfig(name=str(sums)), "train", 0)) == 300
    assert len(load_source(SourceConfig(name=str(sums)), "test", 0)) == 20
    assert len(load_source(SourceConfig(name=str(sums / "train.jsonl"), limit=7), "train", 0)) == 7
    assert len(load_source(SourceConfig(name="any/name", path=str(sums)), "test", 0)) == 20
    assert len(load_source(SourceConfig(name=str(sums), split="test"), "train", 0)) == 20


def test_gsm8k_by_both_of_its_names(shared: Path) -> None:
    for name in ("gsm8k", "openai/gsm8k"):
        problems = load_source(SourceConfig(name=name, path=str(shared / "gsm8k"), limit=3), "test", 0)
        assert [problem.answer for problem in problems] == ["18", "3", "70000"]


def test_hub_names_are_asked_of_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    def hub_rows(name: str, config: str | None, split: str) -> list[tuple[int, dict[str, str]]]:
        return [(1, {"frage": f"{name} {config} {split}", "answer": "1"})]

    monkeypatch.setattr(sources, "hub_rows", hub_rows)
    config = SourceConfig(name="owner/set", columns={"question": "frage"}, params={"config": "main"})
    (problem,) = load_source(config, "test", 0)
    assert problem.question == "owner/set main test"
    assert problem.id.startswith("owner/set:")


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"name": "aritmetic"}, "data.train.name: is 'aritmetic'; it must be one of arithmetic, gsm8k"),
        ({"name": "gsm8"}, "did you mean gsm8k?"),
        ({"name": "no/such.jsonl"}, "data.train: there is no file no/such.jsonl"),
        (
            {"name": "arithmetic", "params": {"lvel": 2}},
            "data.train.params.lvel: unknown key; arithmetic takes level, negative, working; did you mean",
        ),
        ({"name": "arithmetic", "params": {"level": 0}}, "data.train.params.level: is 0"),
        ({"name": "arithmetic", "split": "dev"}, "data.train.split: is 'dev'"),
        ({"name": "arithmetic", "path": "x"}, "data.train.path: arithmetic takes none"),
        ({"name": "gsm8k", "columns": {"answer": "a"}}, "data.train.columns: gsm8k takes none"),
        ({"name": "x.csv", "columns": {"anser": "a"}}, "data.train.columns.anser: unknown key; x.csv takes"),
        (
            {"name": "x.csv", "params": {"hold_out": 1}},
            "data.train.params.hold_out: is 1; it must be a share",
        ),
        ({"name": "x.csv", "params": {"max_broken": "1"}}, "data.train.params.max_broken: is '1'"),
        ({"name": "x.csv", "params": {"max_broken": True}}, "data.train.params.max_broken: is True"),
    ],
)
def test_refusals_name_the_field_the_value_and_the_mend(config: dict[str, Any], said: str) -> None:
    assert said in refused(**config)


def test_a_missing_column_is_said_where_the_recipe_says_it(sums: Path) -> None:
    said = refused("sft.data", name=str(sums), columns={"question": "promt"})
    assert said.startswith("sft.data.columns.question:")
    assert said.endswith("did you mean prompt?")


def test_checking_opens_no_file() -> None:
    check_source(SourceConfig(name="not-there-yet.jsonl"), "data.train")
    check_source(SourceConfig(name="owner/set"), "data.train")


def test_the_default_test_is_the_same_sources_test_split(sums: Path) -> None:
    train, test = load_data(DataConfig(train=SourceConfig(name=str(sums), limit=5)), 0)
    assert (len(train), len(test)) == (5, 20)
    train, test = load_data(DataConfig(train=SourceConfig(name="arithmetic")), 3)
    assert (train[0].id, test[0].id) == (Arithmetic(seed=3)[0].id, Arithmetic("test")[0].id)


def test_one_file_needs_a_test_or_a_share_to_hold_out(sums: Path) -> None:
    file = str(sums / "train.jsonl")
    with pytest.raises(UserError, match=r"data.test: is missing.*data.train.params.hold_out 0.1"):
        load_data(DataConfig(train=SourceConfig(name=file)), 0)
    train, test = load_data(DataConfig(train=SourceConfig(name=file, params={"hold_out": 0.2})), 0)
    assert len(train) + len(test) == 300
    assert 30 < len(test) < 90


def test_training_on_held_out_problems_is_refused(sums: Path) -> None:
    file = SourceConfig(name=str(sums / "train.jsonl"))
    with pytest.raises(UserError, match=r"data.test: 300 held-out questions are also trained on"):
        load_data(DataConfig(train=file, test=file), 0)
