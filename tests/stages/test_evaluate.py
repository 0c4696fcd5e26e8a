"""`whet eval`: whose recipe, and what was asked for."""

import json
from pathlib import Path
from typing import Any

import pytest

from whet.api import train
from whet.config import SourceConfig
from whet.errors import UserError
from whet.eval.record import Record
from whet.recipe import dump_recipe
from whet.runs.writer import RunWriter
from whet.stages.evaluate import evaluate_model, evaluation_config, refuse_unwritable, save_records
from wiring import listening, shrunk


def silent() -> Any:
    return listening()[1]


@pytest.fixture(scope="module")
def run(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that trained adapters, with a format of its own."""
    changes = {"format": "boxed", "model.lora.rank": 2, "sft.when": "never", "eval.problems": 5}
    return train(shrunk(tiny_folder, tmp_path_factory.mktemp("runs"), changes), view=silent()).path


def test_a_run_is_measured_by_its_own_recipe(run: Path) -> None:
    config = evaluation_config(str(run))
    assert config.model.name == str(run / "final")
    assert config.model.lora is None, "the finished model has its adapters merged in"
    assert config.format.name == "boxed"
    assert config.eval.problems == 5
    assert config.data.train == SourceConfig(name="arithmetic", params={"level": 1})


def test_what_is_asked_for_goes_over_the_recipe(run: Path, tmp_path: Path) -> None:
    file = tmp_path / "a, b: {c} #d.jsonl"
    file.write_text('{"prompt": "What is 1 + 1?", "answer": "2"}\n', encoding="utf-8")
    config = evaluation_config(str(run), str(file), 3, 4, "plain", [("seed", "9")])
    assert config.data.test == SourceConfig(name=str(file.resolve()))
    assert (config.eval.problems, config.eval.samples, config.seed) == (3, 4, 9)
    assert config.format.name == "plain"


def test_data_by_name_replaces_what_the_run_had(run: Path, shared: Path) -> None:
    short_ones = ("data.test.params.max_broken", 0.9)  # a tiny model reads 512 letters
    changes = [("data.test.path", str(shared / "gsm8k")), short_ones]
    found = evaluate_model(evaluation_config(str(run), "gsm8k", 3, overrides=changes), silent())
    asked = {json.loads(line)["question"].strip() for line in (shared / "gsm8k" / "test.jsonl").open(encoding="utf-8")}
    assert len(found.records) == 3
    assert {record.question for record in found.records} <= asked


def test_a_model_alone_is_measured_on_a_file(tiny_folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "sums.jsonl"
    file.write_text("".join(f'{{"prompt": "{n} + 1?", "answer": "{n + 1}"}}\n' for n in range(4)), encoding="utf-8")
    config = evaluation_config(str(tiny_folder), str(file), samples=3, overrides=[("eval.max_tokens", 5)])
    lines, view = listening()
    found = evaluate_model(config, view)
    assert sorted(record.question for record in found.records) == [f"{n} + 1?" for n in range(4)]
    assert all(len(record.samples) == 3 for record in found.records)
    assert all(record.tokens <= 5 for record in found.records)
    assert lines[0] == "[Load]"
    assert lines[-1].startswith("[Evaluate 4/4]  accuracy 0 %")


def test_the_default_is_the_start_of_the_held_out_problems(tiny_folder: Path) -> None:
    """Asking fewer problems asks some of the same, so two measurements share them."""
    few, more = (
        evaluate_model(
            evaluation_config(str(tiny_folder), "arithmetic", limit, overrides=[("eval.max_tokens", 2)]), silent()
        )
        for limit in (3, 6)
    )
    assert [record.id for record in few.records] == [record.id for record in more.records[:3]]


def test_broken_rows_are_told(tiny_folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"prompt": "1 + 1?", "answer": "2"}\nnot json\n', encoding="utf-8")
    changes = [("data.test.params", {"max_broken": 0.5}), ("eval.max_tokens", 2)]
    lines, view = listening()
    evaluate_model(evaluation_config(str(tiny_folder), str(file), overrides=changes), view)
    assert any("left out 1 of 2 rows as broken" in line for line in lines)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "--data: is missing; name the problems to ask, such as --data gsm8k"),
        ({"data": "arithmetic", "limit": "many"}, "--limit: is 'many'; it must be a whole number (at least 1)"),
        ({"data": "arithmetic", "limit": 0}, "--limit: is 0; it must be a whole number (at least 1)"),
        ({"data": "arithmetic", "samples": -1}, "--samples: is -1; it must be a whole number (at least 1)"),
        ({"data": "arithmetic", "response_format": "boxd"}, "did you mean boxed?"),
        ({"data": "arithmetic", "overrides": [("eval.problms", "3")]}, "--eval.problms: unknown key"),
        ({"data": "arithmetic", "overrides": [("eval.problems", "x")]}, "--eval.problems: is 'x'"),
        ({"data": "arithmetik"}, "did you mean arithmetic?"),
    ],
)
def test_what_is_wrong_is_named_as_it_was_typed(tiny_folder: Path, options: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as refused:
        evaluation_config(str(tiny_folder), **options)
    assert said in str(refused.value)


def test_a_run_without_a_finished_model_is_refused(tiny_folder: Path, tmp_path: Path) -> None:
    recipe = dump_recipe(shrunk(tiny_folder, tmp_path))
    with (
        RunWriter.create(tmp_path, recipe, {}, name="halfway") as unfinished,
        pytest.raises(UserError, match="halfway"),
    ):
        evaluation_config(str(unfinished.path))


def test_where_records_cannot_be_saved_is_known_before_they_are_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path, why in ((tmp_path, "it is a folder"), (tmp_path / "file" / "a.jsonl", "file is no folder")):
        with pytest.raises(UserError, match=f"^--save: .* cannot be written .*{why}.*name another file"):
            refuse_unwritable(path)
    refuse_unwritable(tmp_path / "new" / "a.jsonl")
    assert not (tmp_path / "new").exists()


def test_records_are_saved_as_they_are_compared(tiny_folder: Path, tmp_path: Path) -> None:
    changes = [("eval.max_tokens", 2)]
    found = evaluate_model(evaluation_config(str(tiny_folder), "arithmetic", 3, overrides=changes), silent())
    path = tmp_path / "new" / "records.jsonl"
    save_records(path, found)
    lines = path.read_text("utf-8").splitlines()
    assert tuple(Record.from_dict(json.loads(line)) for line in lines) == found.records
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"--save: .*records\.jsonl cannot be written"):
        save_records(tmp_path / "file" / "records.jsonl", found)
