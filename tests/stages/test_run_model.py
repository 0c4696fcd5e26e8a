"""A checkpoint as a model: for chat, evaluations, comparisons and the hub."""

from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from whet.api import evaluate, open_run, train
from whet.chat import open_chat
from whet.chat.chat_model import Reply
from whet.errors import UserError
from whet.files import remove_folder
from whet.publish.push import push_run
from whet.runs.address import Address
from whet.runs.reader import RunReader
from whet.stages import run_model
from whet.stages.compare import compare
from whet.stages.run_model import model_of, run_address
from whet.stages.run_result import RunResult
from wiring import REWARDS, listening, shrunk

RATE: dict[str, Any] = {"grpo.optimizer.learning_rate": 1e-2}


@pytest.fixture(scope="module")
def runs(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two finished runs with a checkpoint after each of two steps: `full`, and `lora`."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "own.py").write_text(REWARDS, encoding="utf-8")
    rewards = [f"{folder / 'own.py'}:digits"]
    changes = {"sft.when": "never", "grpo.steps": 2, "run.save_every": 1, "rewards": rewards, **RATE}
    for name, lora in (("full", None), ("lora", {"rank": 2})):
        train(shrunk(tiny_folder, folder, {**changes, "run.name": name, "model.lora": lora}), view=listening()[1])
    return folder


def weights(folder: str | Path) -> dict[str, Any]:
    return load_file(Path(folder) / "model.safetensors")


@pytest.mark.parametrize("name", ["full", "lora"])
def test_the_model_of_the_last_checkpoint_is_the_finished_one(runs: Path, name: str) -> None:
    run = next(runs.rglob(f"{name}/manifest.json")).parent
    last, before = (weights(model_of(Address(run, f"step-{step}"))) for step in (2, 1))
    final = weights(run / "final")
    assert last.keys() == final.keys()
    assert all(torch.equal(last[key], final[key]) for key in final)
    assert any(not torch.equal(before[key], final[key]) for key in final), "the second step has moved something"


def run_of(runs: Path) -> RunResult:
    return open_run(next(runs.rglob("full/manifest.json")).parent)


def test_every_command_takes_it(runs: Path) -> None:
    run = run_of(runs)
    at = f"{run.path}:step-1"
    trained = model_of(Address(run.path, "step-1"))
    chat = open_chat(at, max_tokens=4)
    assert chat.name == "full:step-1"
    *_, reply = chat.ask("2 + 2?")
    assert isinstance(reply, Reply)
    found = evaluate(at, limit=2, view=listening()[1])
    same = compare(at, f"{run.path}/checkpoints/step-1", view=listening()[1])
    assert (same.strict.fixed, same.strict.broken) == (0, 0)
    assert [one.response for one in found.records] == [of_a.response for of_a, _ in same.pairs][:2]
    card = push_run(at, "me/model", dry_run=True)
    assert "This is the checkpoint after step 1 of 2." in card
    assert "**this model**" not in card, "it was not measured, and the finished model's figures are not its own"
    loaded = run.model(step=1)
    plain = AutoModelForCausalLM.from_pretrained(trained)
    assert all(torch.equal(a, b) for a, b in zip(loaded.parameters(), plain.parameters(), strict=True))


def test_a_step_that_is_not_there_lists_those_that_are(runs: Path) -> None:
    run = run_of(runs)
    with pytest.raises(
        UserError,
        match=r"full:step-9: there is no such checkpoint; name the run .*full, or name .*step-1, .*step-2$",
    ):
        model_of(Address(run.path, "step-9"))
    with pytest.raises(UserError, match="full:sft: is no model of this run"):
        model_of(Address(run.path, "sft"))


def test_an_unfinished_run_names_resume_and_its_checkpoints(runs: Path, tmp_path: Path) -> None:
    run = run_of(runs).path
    stopped = tmp_path / "stopped"
    stopped.mkdir()
    for name in ("manifest.json", "recipe.yaml", "checkpoints"):
        (stopped / name).symlink_to(run / name)
    with pytest.raises(
        UserError, match=r"did not end; `whet resume .*stopped` goes on with it, or name .*stopped:step-1"
    ):
        evaluate(stopped, view=listening()[1])
    with pytest.raises(UserError, match="whet resume"):
        open_chat(str(stopped))
    with pytest.raises(UserError, match="whet resume"):
        push_run(str(stopped), "me/x", dry_run=True)
    (stopped / "checkpoints").unlink()
    with pytest.raises(UserError, match="goes on with it, or it has no checkpoint yet"):
        evaluate(stopped, view=listening()[1])


def test_a_damaged_checkpoint_is_not_made_a_model(runs: Path, tmp_path: Path) -> None:
    run = run_of(runs).path
    copy = tmp_path / "copy"
    (copy / "checkpoints" / "step-2").mkdir(parents=True)
    for name in ("manifest.json", "recipe.yaml"):
        (copy / name).symlink_to(run / name)
    for file in (run / "checkpoints" / "step-2").iterdir():
        data = file.read_bytes()
        flipped = data[:-1] + bytes([data[-1] ^ 1]) if file.suffix == ".safetensors" else data
        (copy / "checkpoints" / "step-2" / file.name).write_bytes(flipped)
    with pytest.raises(UserError, match="step-2: the checkpoint is broken"):
        model_of(Address(copy, "step-2"))


def test_two_commands_that_ask_for_one_checkpoint_get_one_model(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "twice"
    run.mkdir()
    for name in ("manifest.json", "recipe.yaml", "checkpoints"):
        (run / name).symlink_to(run_of(runs).path / name)
    real = run_model.write_model

    def later(*given: Any) -> None:
        real(*given)
        real(*given)  # the folder is there already

    monkeypatch.setattr(run_model, "write_model", later)
    assert weights(model_of(Address(run, "step-1")))


@pytest.mark.parametrize("error", [FileNotFoundError(2, "No such file"), RuntimeError("unable to open file")])
def test_a_checkpoint_that_the_run_removes_meanwhile_is_not_there(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Before it is opened, and while it is read, of which torch says so in words of its own."""
    run = tmp_path / "going on"
    run.mkdir()
    for name in ("manifest.json", "recipe.yaml"):
        (run / name).symlink_to(run_of(runs).path / name)
    copytree(run_of(runs).path / "checkpoints", run / "checkpoints")

    def late(reader: RunReader, checkpoint: Path, *rest: Any) -> None:
        remove_folder(checkpoint)
        raise error

    monkeypatch.setattr(run_model, "write_model", late)
    with pytest.raises(UserError, match=r"step-1: there is no such checkpoint; .*name a checkpoint: .*step-2$"):
        model_of(Address(run, "step-1"))
    assert not (run / "models" / "step-1").exists()


def test_a_packaged_model_is_not_a_run_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = tmp_path / "runs" / "SmolLM2-135M-Instruct"
    named.mkdir(parents=True)
    for name in ("manifest.json", "recipe.yaml"):
        (named / name).write_text("{}")
    monkeypatch.chdir(tmp_path)
    assert run_address("SmolLM2-135M-Instruct") is None
    assert run_address("SmolLM2-135M-Instruct:step-2") == Address(Path("runs/SmolLM2-135M-Instruct"), "step-2")
