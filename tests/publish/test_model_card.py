"""The card of a model: measured results, the recipe, how to use it; nothing of whoever made it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from whet.api import train
from whet.chat import open_chat
from whet.chat.chat_model import Reply
from whet.publish.model_card import model_card
from whet.recipe.yaml_lines import read_document, write_document
from whet.runs.reader import RunReader
from whet.stages.run_result import RunResult
from wiring import listening, shrunk


@pytest.fixture(scope="module")
def run(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> RunReader:
    """A run whose measurements are then set by hand."""
    changes = {"run.name": "mine", "sft.when": "always", "grpo.steps": 1}
    outcome: RunResult = train(shrunk(tiny_folder, tmp_path_factory.mktemp("runs"), changes), view=listening()[1])
    for stage, right in (("base", 0), ("final", 3)):
        records = [json.loads(line) for line in (outcome.path / "eval" / f"{stage}.jsonl").read_text().splitlines()]
        marked = [{**record, "correct": index < right} for index, record in enumerate(records)]
        (outcome.path / "eval" / f"{stage}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in marked))
        summary = json.loads((outcome.path / "eval" / f"{stage}.json").read_text())
        figures = {"accuracy": right / 6, "accuracy_interval": [0.1875, 0.8125]}
        (outcome.path / "eval" / f"{stage}.json").write_text(json.dumps({**summary, **figures}))
    return RunReader(outcome.path)


def front(card: str) -> dict[str, Any]:
    found = yaml.safe_load(card.split("---")[1])
    assert isinstance(found, dict)
    return found


def test_measured_accuracies_stand_there_with_their_intervals(run: RunReader) -> None:
    card = model_card(run, "me/model")
    assert "6 held-out problems of `arithmetic`" in card
    lines = {line.split("|")[1].strip(): line for line in card.splitlines() if line.startswith("| ")}
    assert "| 0.0 % | 18.8 – 81.2 |" in lines["base model"]
    assert "| 50.0 % | 18.8 – 81.2 |" in lines["**this model**"]
    assert "after the warm start" in lines
    assert "+50.0 points" in card
    assert "p = 0.2" in card  # exact McNemar: 2 · (1/2)³ = 0.25
    assert "3 problems fixed, 0 broken" in card


def test_its_metadata_is_what_the_hub_reads(run: RunReader) -> None:
    found = front(model_card(run, "me/model"))
    assert found["library_name"] == "transformers"
    assert found["pipeline_tag"] == "text-generation"
    (index,) = found["model-index"]
    assert index["name"] == "model"
    (result,) = index["results"]
    assert result["dataset"] == {"name": "arithmetic", "type": "other"}
    assert result["metrics"] == [{"type": "accuracy", "value": 0.5}]
    assert "base_model" not in found, "a folder of this machine is no model of the hub"
    assert "datasets" not in found


def test_models_and_data_of_the_hub_are_named_as_the_hub_names_them(run: RunReader, tmp_path: Path) -> None:
    recipe = read_document(run.recipe, "recipe.yaml").tree
    recipe["model"]["name"], recipe["data"]["train"]["name"] = "Qwen/Qwen2.5-0.5B-Instruct", "gsm8k"
    recipe["data"]["train"]["params"] = {}
    (tmp_path / "recipe.yaml").write_text(write_document(recipe))
    (tmp_path / "manifest.json").write_bytes((run.path / "manifest.json").read_bytes())
    found = front(model_card(RunReader(tmp_path), "me/model"))
    assert found["base_model"] == "Qwen/Qwen2.5-0.5B-Instruct"
    assert found["datasets"] == ["openai/gsm8k"]
    assert "model-index" not in found, "nothing was measured there"


def test_how_to_use_it_asks_as_it_was_asked(run: RunReader) -> None:
    card = model_card(run, "me/model")
    code = card.split("```python\n")[1].split("```")[0]
    assert "'me/model'" in code
    assert "<think>" in code, "the system prompt of the format"
    compile(code, "card", "exec")


def test_its_code_runs_as_written_and_answers_as_whet_does(
    run: RunReader, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run.final
    monkeypatch.chdir(run.path)  # `final` stands for the repository
    code = model_card(run, "final").split("```python\n")[1].split("```")[0]
    exec(code, {})
    *_, reply = open_chat(str(run.path)).ask("What is 37 + 45?")
    assert isinstance(reply, Reply)
    assert capsys.readouterr().out == reply.text + "\n"


def test_the_code_for_a_model_without_a_chat_template_does_too(
    run: RunReader, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert run.final
    other = Path(shutil.copytree(run.path, tmp_path / "other"))
    (other / "final" / "chat_template.jinja").unlink()
    monkeypatch.chdir(other)
    code = model_card(RunReader(other), "final").split("```python\n")[1].split("```")[0]
    exec(code, {})
    *_, reply = open_chat(str(other)).ask("What is 37 + 45?")
    assert isinstance(reply, Reply)
    assert capsys.readouterr().out == reply.text + "\n"


def test_the_recipe_and_the_versions_stand_there(run: RunReader) -> None:
    card = model_card(run, "me/model")
    recipe = yaml.safe_load(card.split("```yaml\n")[1].split("```")[0])
    assert recipe["grpo"]["steps"] == 1
    assert f"transformers {run.manifest['versions']['transformers']}" in card
    assert "seed 0" in card


def test_no_home_folder_and_no_secret_leave(run: RunReader, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = yaml.safe_load(run.recipe)["run"]["folder"]
    assert folder in model_card(run, "me/model")
    monkeypatch.setattr(Path, "home", lambda: Path(folder))
    assert folder not in model_card(run, "me/model")
    monkeypatch.setenv("MY_SECRET", run.manifest["platform"])
    assert run.manifest["platform"] not in model_card(run, "me/model")
