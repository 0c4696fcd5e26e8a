"""Names, paths and parameters: what loads, and what is said where nothing can."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from whet.config import DataConfig, SourceConfig
from whet.config.data import KeepConfig
from whet.data.arithmetic import Arithmetic
from whet.data.load_data import check_source, find_data, find_source, load_data, load_source
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
            "data.train.params.hold_out: is 1; it must be a number (at least 0, under 1)",
        ),
        ({"name": "x.csv", "params": {"max_broken": "1"}}, "data.train.params.max_broken: is '1'"),
        ({"name": "x.csv", "params": {"max_broken": True}}, "data.train.params.max_broken: is true"),
    ],
)
def test_refusals_name_the_field_the_value_and_the_fix(config: dict[str, Any], said: str) -> None:
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


def test_a_file_of_which_a_share_is_held_out_is_read_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A row that is broken is told of once; which problems are whose does not depend on how they were read."""
    rows = [json.dumps({"question": f"{n} + {n}?", "answer": str(2 * n)}) for n in range(200)]
    (tmp_path / "sums.jsonl").write_text("\n".join([*rows, '{"question": "1 + 1?"}']) + "\n", encoding="utf-8")
    config = SourceConfig(name=str(tmp_path / "sums.jsonl"), params={"hold_out": 0.2}, limit=50)
    with caplog.at_level(logging.WARNING, "whet.data"):
        train, test = load_data(DataConfig(train=config), 0)
    assert len([record for record in caplog.records if "broken" in record.getMessage()]) == 1
    assert list(train) == list(load_source(config, "train", 0))
    assert list(test) == list(load_source(config.model_copy(update={"limit": None}), "test", 0))
    assert len(train) == 50
    assert 20 < len(test) < 60
    assert not {problem.question for problem in train} & {problem.question for problem in test}


def test_training_on_held_out_problems_is_refused(sums: Path) -> None:
    file = SourceConfig(name=str(sums / "train.jsonl"))
    with pytest.raises(UserError, match=r"data.test: 300 held-out questions are also trained on"):
        load_data(DataConfig(train=file, test=file), 0)


@pytest.mark.parametrize(
    ("name", "folder", "split", "answer"),
    [
        ("numina_math", "numina_math", "train", r"\frac{63}{400}"),
        ("AI-MO/NuminaMath-TIR", "numina_math", "train", r"\frac{63}{400}"),
        ("bespoke_stratos", "bespoke_stratos", "train", "C"),
        ("bespokelabs/Bespoke-Stratos-17k", "bespoke_stratos", "train", "C"),
        ("math", "math500", "test", r"\left( 3, \frac{\pi}{2} \right)"),
        ("math500", "math500", "test", r"\left( 3, \frac{\pi}{2} \right)"),
        ("HuggingFaceH4/MATH-500", "math500", "test", r"\left( 3, \frac{\pi}{2} \right)"),
    ],
)
def test_real_rows_by_name(shared: Path, name: str, folder: str, split: str, answer: str) -> None:
    (problem,) = load_source(SourceConfig(name=name, path=str(shared / folder), limit=1), split, 0)
    assert problem.answer == answer


def test_a_table_of_numina_rows_is_read_the_same(shared: Path) -> None:
    """Any file with `problem` and `solution` has its answer in the last box, named source or not."""
    (problem,) = load_source(SourceConfig(name=str(shared / "numina_math" / "train.jsonl")), "train", 0)
    assert problem.answer == r"\frac{63}{400}"


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"name": "numina_math", "params": {"code": "yes"}}, "data.train.params.code: is 'yes'"),
        ({"name": "bespoke_stratos", "params": {"worked": "all"}}, "data.train.params.worked: is 'all'"),
        (
            {"name": "math", "params": {"subjects": ["algbra"]}},
            "data.train.params.subjects.0: is 'algbra'; it must be a list (each one of algebra, ",
        ),
        ({"name": "math", "params": {"subjects": "algebra"}}, "data.train.params.subjects: is 'algebra'"),
        ({"name": "math500"}, "data.train.name: math500 has the split test only"),
        ({"name": "arithmetic", "keep": {"answers": ["number"]}}, "data.train.keep: this source is endless"),
    ],
)
def test_refusals_of_the_named_sources(config: dict[str, Any], said: str) -> None:
    assert refused(**config).startswith(said)


def test_what_is_kept_is_counted_and_the_limit_comes_after(sums: Path, caplog: pytest.LogCaptureFixture) -> None:
    keep = KeepConfig(shortest_question=len("What is 100 + 1?"))
    config = SourceConfig(name=str(sums), keep=keep, limit=5)
    assert [problem.answer for problem in load_source(config, "train", 0)] == ["101", "102", "103", "104", "105"]
    assert "data.train.keep: 5 of 300 problems are taken" in caplog.text
    assert refused(name=str(sums), keep=keep.model_copy(update={"longest_question": 1})).startswith(
        "data.train.keep: none of the problems meets shortest_question, longest_question"
    )


def test_sources_are_mixed_by_weight(sums: Path) -> None:
    other = SourceConfig(name="arithmetic", limit=100, weight=1)
    data = DataConfig(train=SourceConfig(name=str(sums), weight=3), mix=[other])
    train, test = load_data(data, 0)
    assert [problem.source for problem in train[:8]].count("arithmetic") == 2
    assert (len(train), len(test)) == (400, 20)


def test_every_source_of_a_mixture_is_compared_with_the_held_out_problems(sums: Path) -> None:
    leak = SourceConfig(name=str(sums / "test.jsonl"))
    with pytest.raises(UserError, match=r"data.test: 20 held-out questions are also trained on"):
        load_data(DataConfig(train=SourceConfig(name=str(sums)), mix=[leak]), 0)


def test_a_mistake_in_a_mixture_is_said_where_it_stands(sums: Path) -> None:
    data = DataConfig(train=SourceConfig(name=str(sums)), mix=[SourceConfig(name="gsm8")])
    with pytest.raises(UserError, match=r"^data.mix.0.name: is 'gsm8'.*did you mean gsm8k"):
        load_data(data, 0)


def test_a_source_in_one_piece_needs_a_test_or_a_share_to_hold_out(tmp_path: Path) -> None:
    bespoke = SourceConfig(name="bespoke_stratos")
    with pytest.raises(UserError, match=r"data.test: is missing, and bespoke_stratos has no test split"):
        load_data(DataConfig(train=bespoke), 0)
    turns = "<|begin_of_thought|>t<|end_of_thought|><|begin_of_solution|>\\boxed{1}<|end_of_solution|>"
    rows = [
        {"conversations": [{"from": "user", "value": f"{i}?"}, {"from": "assistant", "value": turns}]}
        for i in range(100)
    ]
    (tmp_path / "train.jsonl").write_text("\n".join(map(json.dumps, rows)))
    held = SourceConfig(name="bespoke_stratos", path=str(tmp_path), params={"hold_out": 0.3})
    train, test = load_data(DataConfig(train=held), 0)
    assert len(train) + len(test) == 100
    assert 15 < len(test) < 45


def table_of(folder: Path, suffix: str, broken: dict[int, bytes]) -> tuple[str, int]:
    """A file of 200 problems; some rows, by their place from 0, are other bytes. Also the number of its first row."""
    good = [f"What is {i} + 1?" for i in range(200)]
    path = folder / f"train{suffix}"
    if suffix == ".parquet":
        pyarrow = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        cells = [broken.get(i, text.encode()) for i, text in enumerate(good)]
        binary = pyarrow.array(cells, pyarrow.binary())
        texts = pyarrow.StringArray.from_buffers(200, binary.buffers()[1], binary.buffers()[2])
        parquet.write_table(pyarrow.table({"question": texts, "answer": pyarrow.array(range(1, 201))}), path)
        return str(path), 1
    if suffix == ".csv":
        lines = [broken.get(i, f"{text},{i + 1}".encode()) for i, text in enumerate(good)]
        path.write_bytes(b"\n".join([b"question,answer", *lines]) + b"\n")
        return str(path), 2
    lines = [broken.get(i, json.dumps({"question": t, "answer": i + 1}).encode()) for i, t in enumerate(good)]
    path.write_bytes(b"\n".join(lines) + b"\n")
    return str(path), 1


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_broken_rows_are_named_counted_and_limited_in_every_kind_of_file(
    suffix: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    name, first = table_of(tmp_path, suffix, {50: b"\xff\xfe", 120: b"\xff"})
    with caplog.at_level(logging.WARNING, "whet.data"):
        problems = load_source(SourceConfig(name=name), "train", 0)
    assert len(problems) == 198
    (line,) = caplog.messages
    assert "left out 2 of 200 rows as broken" in line
    assert f"row {50 + first} " in line
    assert f"row {120 + first} " in line
    assert [problem.row for problem in problems[49:51]] == [49 + first, 51 + first]
    name, _ = table_of(tmp_path, suffix, {50: b"\xff\xfe", 120: b"\xff", 7: b"\xff"})
    with pytest.raises(
        UserError, match=rf"^data.train: .*3 of 200 rows are broken: row {7 + first} .*params.max_broken"
    ):
        load_source(SourceConfig(name=name), "train", 0)
    assert len(load_source(SourceConfig(name=name, params={"max_broken": 0.02}), "train", 0)) == 197


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", b"\n\n\n", "has no rows"),
        ("a.csv", b"question,answer\n", "has no rows"),
        ("a.csv", b"\xef\xbb\xbf", "row 1, the header, is empty"),
        ("a.jsonl", b"\xef\xbb\xbf", "has no rows"),
        ("a.jsonl", '{"question": "1?", "answer": 1}\n'.encode("utf-16") + b"\0", "is UTF-16 that cannot be decoded"),
    ],
)
def test_a_file_of_nothing_is_refused(name: str, content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=rf"data.train: .*{said}"):
        load_source(SourceConfig(name=str(tmp_path / name)), "train", 0)


def test_what_is_named_is_looked_for_before_anything_is_read(tmp_path: Path) -> None:
    rows = tmp_path / "train.jsonl"
    rows.write_text("no row at all\n")
    found = DataConfig(train=SourceConfig(name=str(rows)), test=SourceConfig(name="math500", path=str(rows)))
    find_data(found)
    with pytest.raises(UserError, match=r"^data\.train: there is no file .*trian\.jsonl; did you mean train\.jsonl\?"):
        find_data(found.model_copy(update={"train": SourceConfig(name=str(tmp_path / "trian.jsonl"))}))
    gone = SourceConfig(name="gsm8k", path=str(tmp_path / "gone"))
    with pytest.raises(UserError, match=r"^data\.mix\.1: there is no file"):
        find_data(found.model_copy(update={"mix": [SourceConfig(name="arithmetic"), gone]}))
    with pytest.raises(UserError, match=r"^data\.test: there is no file .*test\.jsonl"):
        find_data(DataConfig(train=SourceConfig(name="any/name", path=str(tmp_path))))
    with pytest.raises(UserError, match=r"^data\.test: is missing"):
        find_data(DataConfig(train=SourceConfig(name=str(rows))))
    with pytest.raises(UserError, match=r"^sft\.data\.params\.worked: is 'short'"):
        find_source(SourceConfig(name="bespoke_stratos", params={"worked": "short"}), "train", "sft.data")


def test_the_settings_of_a_task_are_looked_at_too() -> None:
    pytest.importorskip("reasoning_gym")
    for params, said in (
        ({"min_numbrs": 3}, r"data\.train\.params\.min_numbrs: unknown key; .*did you mean min_numbers\?"),
        ({"min_numbers": -3}, r"data\.train\.params: reasoning_gym:countdown refuses"),
        ({"min_numbers": "many"}, r"data\.train\.params: reasoning_gym:countdown refuses"),
    ):
        with pytest.raises(UserError, match=said):
            find_data(DataConfig(train=SourceConfig(name="reasoning_gym:countdown", params=params)))
    with pytest.raises(UserError, match=r"data\.train\.name: reasoning_gym has no task .*did you mean countdown\?"):
        find_data(DataConfig(train=SourceConfig(name="reasoning_gym:cuontdown")))
