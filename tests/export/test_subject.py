"""What is exported."""

from pathlib import Path
from typing import Any

import pytest

import tiny
from export.models_to_export import save
from whet.api import train
from whet.errors import UserError
from whet.export.subject import find_subject, refuse_without_run
from whet.stages.run_result import RunResult
from whet.text import silent
from wiring import listening, shrunk


@pytest.fixture(scope="module")
def run(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """A run with a checkpoint."""
    changes = {"run.name": "mine", "sft.when": "never", "grpo.steps": 1, "run.save_every": 1}
    return train(shrunk(tiny_folder, tmp_path_factory.mktemp("runs"), changes), view=listening()[1])


def test_a_run_is_its_finished_model_asked_in_its_format(run: RunResult) -> None:
    subject = find_subject(str(run.path), silent)
    assert (subject.name, subject.folder) == ("mine", run.path / "final")
    assert "<think>" in subject.system_prompt
    assert subject.end_tokens == [tiny.END]
    asked = subject.tokenizer.decode(subject.answers[0].prompt)
    assert subject.system_prompt in asked
    assert next(iter(run.reader.records("final").values())).question in asked
    assert next(iter(run.reader.records("final").values())).response in subject.texts


def test_a_checkpoint_and_the_base_are_models_of_their_own(run: RunResult, tiny_folder: Path) -> None:
    step = find_subject(f"{run.path}:step-1", silent)
    assert (step.name, step.folder.name) == ("mine-step-1", "step-1")
    base = find_subject(f"{run.path}:base", silent)
    assert (base.name, base.folder) == ("mine-base", tiny_folder)


def test_a_model_has_its_own_name_and_no_system_prompt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "mine")
    subject = find_subject(str(tmp_path / "mine"), silent)
    assert (subject.name, subject.run, subject.config, subject.system_prompt) == ("mine", None, None, "")
    assert subject.settings["model_type"] == "llama"
    monkeypatch.chdir(tmp_path / "mine")
    assert find_subject(".", silent).name == "mine"
    with pytest.raises(UserError, match=r"is nowhere"):
        find_subject("./not-here", silent)


def test_adapters_are_those_of_a_run_that_trained_some(run: RunResult, tiny_folder: Path) -> None:
    with pytest.raises(UserError, match=r"--adapter: .* is no run"):
        refuse_without_run(find_subject(str(tiny_folder), silent))
    with pytest.raises(UserError, match=r"was trained without model.lora; leave --adapter out"):
        refuse_without_run(find_subject(str(run.path), silent))


def ends(folder: Path, **changes: Any) -> list[str]:
    return find_subject(str(save(folder, **changes)), silent).end_tokens


def test_every_end_token_is_named_once(tmp_path: Path) -> None:
    assert ends(tmp_path / "one") == ["<|im_end|>"]
    assert ends(tmp_path / "two", eos_token_id=[0, 2]) == ["<|im_end|>", "<|endoftext|>"]
