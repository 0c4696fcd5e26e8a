"""Canary secrets in the environment, in a recipe, on the command line and in what rewards raise: none of them is
found in anything that a run writes, shows, tracks or pushes."""

import json
import sys
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import pytest

from fake_trackers import install
from hub import serving
from whet.api import train
from whet.config import Config
from whet.publish.model_card import model_card
from whet.recipe.yaml_lines import read_document
from whet.redact import REDACTED
from whet.runs.reader import RunReader
from wiring import listening, shrunk, status, words

IN_THE_ENVIRONMENT = {
    "HF_TOKEN": "canary-of-the-hub-0001",
    "OPENAI_API_KEY": "canary of \"openai\" \\ 'quoted' 0002",
    "DB_PASSWORD": "0003000300030003",
}
BY_ITS_LOOKS = ["hf_canaryaB3dE6gH9jK2mN5pQ8sT1vW4y", "sk-proj-canary-4f9A1c7B2e8D3f6A"]
IN_AN_ADDRESS = "canary%20hunter22"

PIECES = ["canary-of-the", "canary of", "00030003", "hf_canary", "sk-proj-canary", "canary%20"]
"""The beginnings of all of them: half a secret is one too."""

LEAKY = '''
import logging
import os

ADDRESS = "https://me:{address}@host/v1"
SECRETS = " ".join([ADDRESS, *{looks!r}, *(os.environ[name] for name in {names!r})])


def leaky(completions, trainer_state, log_metric, **columns):
    """Tells all it knows wherever it can."""
    log_metric("leaky/" + SECRETS, 1.0)
    logging.getLogger("whet").warning("warned of %s", SECRETS)
    if trainer_state.global_step == 1:
        raise PermissionError("x" * 100 + " 401 for " + SECRETS + " and " + repr(SECRETS))
    return [float(len(completion[0]["content"])) for completion in completions]
'''


@pytest.fixture
def leaky(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A reward that gives everything away."""
    for name, value in IN_THE_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "leaky.py"
    path.write_text(LEAKY.format(address=IN_AN_ADDRESS, looks=BY_ITS_LOOKS, names=list(IN_THE_ENVIRONMENT)))
    return f"{path}:leaky"


def found_in(*texts: str | bytes) -> list[str]:
    whole = b"\n".join(text.encode() if isinstance(text, str) else text for text in texts)
    return [piece for piece in PIECES if piece.encode() in whole]


def files(folder: Path) -> list[bytes]:
    """Every byte, names of files included."""
    return [bytes(path.name, "utf-8") + (path.read_bytes() if path.is_file() else b"") for path in folder.rglob("*")]


CHANGES: dict[str, Any] = {"sft.when": "always", "grpo.steps": 3, "eval.every": 1, "run.save_every": 1}


def test_nothing_of_the_environment_or_of_what_a_reward_raises(
    leaky: str, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    library = install(monkeypatch, "wandb")
    changes = {**CHANGES, "rewards": f"[{leaky}]", "run.trackers": "[wandb]", "run.push": "model"}
    arguments = ["train", "quickstart", *words(tiny_folder, tmp_path / "runs", changes)]
    with serving() as hub:
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", hub.address)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(sys, "argv", ["whet", *arguments, *BY_ITS_LOOKS])
        assert status(*arguments) == 0
    (run,) = (tmp_path / "runs").iterdir()
    kinds = {path.relative_to(run).parts[0] for path in run.rglob("*")}
    assert {"recipe.yaml", "manifest.json", "metrics.jsonl", "train.log", "checkpoints", "eval", "final"} <= kinds
    assert found_in(*files(run)) == []
    assert "reward leaky failed" in (run / "train.log").read_text("utf-8"), "what it raised was told"
    assert "401 for" in (run / "train.log").read_text("utf-8")
    assert REDACTED in (run / "metrics.jsonl").read_text("utf-8"), "what it logged was kept"
    assert found_in(model_card(RunReader(run), "me/model")) == []
    assert hub.files
    assert found_in(*hub.files.values()) == []
    printed = capsys.readouterr()
    assert "pushed to" in printed.out
    assert found_in(printed.out, printed.err) == []
    told = [library.started["config"], [figures for figures, _ in library.logged]]
    assert found_in(json.dumps(told)) == []


def test_a_recipe_with_a_secret_writes_nothing_and_does_not_repeat_it(
    leaky: str, tiny_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for key, value in (
        ("rewards.0.params.endpoint", f"https://me:{IN_AN_ADDRESS}@host/v1"),
        ("rewards.0.params.api_key", BY_ITS_LOOKS[1]),
        ("run.push", BY_ITS_LOOKS[0]),
        ("run.name", IN_THE_ENVIRONMENT["HF_TOKEN"]),
        ("seed", BY_ITS_LOOKS[0]),
        ("hub_token", BY_ITS_LOOKS[0]),
    ):
        arguments = [*words(tiny_folder, tmp_path / "runs", {**CHANGES, "rewards": f"[{leaky}]"}), f"--{key}", value]
        assert status("train", "quickstart", *arguments) == 2
        printed = capsys.readouterr()
        assert printed.err.startswith("whet: ")
        assert found_in(printed.out, printed.err) == []
        assert not (tmp_path / "runs").exists()


def test_settings_that_were_never_checked_are_written_without_their_secrets(
    leaky: str, tiny_folder: Path, tmp_path: Path
) -> None:
    """A program may make its own settings, past the recipe."""
    config = shrunk(tiny_folder, tmp_path / "runs", {**CHANGES, "rewards": [leaky]})
    tree = config.model_dump()
    tree["rewards"][0]["params"] = {"endpoint": f"https://me:{IN_AN_ADDRESS}@host/v1", "key": BY_ITS_LOOKS[1]}
    lines, view = listening()
    outcome = train(Config.model_validate(tree), view=view)
    assert found_in(*files(outcome.path)) == []
    kept = read_document((outcome.path / "recipe.yaml").read_text("utf-8"), "recipe.yaml").tree
    assert kept["rewards"][0]["params"] == {"endpoint": f"https://{REDACTED}@host/v1", "key": REDACTED}
    assert found_in(*lines) == []


@pytest.mark.parametrize("mistake", [RuntimeError, KeyError])
def test_a_traceback_holds_none(
    mistake: type[Exception], leaky: str, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(policy: Any, folder: Path, settings: Any) -> None:
        raise mistake(" ".join([*IN_THE_ENVIRONMENT.values(), *BY_ITS_LOOKS]))

    monkeypatch.setattr("whet.stages.pipeline.save_final", broken)
    config = shrunk(tiny_folder, tmp_path / "runs", {"grpo.steps": 0, "sft.when": "never"})
    with pytest.raises(mistake):
        train(config, view=listening()[1])
    (run,) = (tmp_path / "runs").iterdir()
    assert f"{mistake.__name__}: " in (run / "train.log").read_text("utf-8")
    assert found_in(*files(run)) == []


def test_a_reward_that_ends_the_run_is_quoted_without_them(
    leaky: str, tiny_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changes = {**CHANGES, "rewards": f"[{{name: '{leaky}', on_error: fail}}]"}
    assert status("train", "quickstart", *words(tiny_folder, tmp_path / "runs", changes)) == 2
    printed = capsys.readouterr()
    assert "401 for" in printed.err
    assert found_in(printed.out, printed.err) == []
    assert found_in(*files(tmp_path / "runs")) == []


def test_the_canaries_would_be_found(leaky: str) -> None:
    assert found_in(" ".join(IN_THE_ENVIRONMENT.values()), *BY_ITS_LOOKS, IN_AN_ADDRESS) == PIECES
