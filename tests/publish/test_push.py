"""A run's model on the hub: the real client against a stand-in server."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import pytest

from hub import Hub, serving
from whet.api import train
from whet.config import PushConfig
from whet.errors import UserError
from whet.publish import push as publish
from whet.publish.push import push_run, push_when_asked, warn_without_token
from whet.stages.run_result import RunResult
from wiring import listening, shrunk, status

TOKEN = "hf_aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3h"


@pytest.fixture(scope="module")
def run(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """A finished run."""
    changes = {"run.name": "mine", "sft.when": "never", "grpo.steps": 1}
    return train(shrunk(tiny_folder, tmp_path_factory.mktemp("runs"), changes), view=listening()[1])


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serving() as found:
        log_in(monkeypatch, found)
        yield found


def log_in(monkeypatch: pytest.MonkeyPatch, hub: Hub) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", hub.address)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_TOKEN", TOKEN)


def test_one_commit_holds_the_whole_model_and_a_card(run: RunResult, hub: Hub) -> None:
    address = push_run(str(run.path), "them/model")
    assert address == f"{hub.address}/them/model"
    assert hub.made == [{"name": "model", "organization": "them", "visibility": "private"}]
    assert len(hub.commits) == 1
    final = {f"them/model/{path.name}": path.read_bytes() for path in (run.path / "final").iterdir()}
    card = hub.files.pop("them/model/README.md").decode()
    assert hub.files == final
    assert "them/model/model.safetensors" in final
    assert card.startswith("---\n")
    assert "# model\n" in card
    assert hub.tokens == {f"Bearer {TOKEN}"}


def test_a_bare_name_goes_to_whoever_is_logged_in(run: RunResult, hub: Hub) -> None:
    assert push_run(str(run.path), "model", private=False) == f"{hub.address}/me/model"
    assert "'me/model'" in hub.files["me/model/README.md"].decode(), "the card says how to load it from there"
    assert hub.made[0].get("visibility") != "private"


def test_nothing_is_written_into_the_run(run: RunResult, hub: Hub) -> None:
    before = {path: path.stat().st_mtime_ns for path in run.path.rglob("*")}
    push_run(str(run.path), "model")
    assert {path: path.stat().st_mtime_ns for path in run.path.rglob("*")} == before


def test_a_dry_run_shows_the_card_and_asks_nobody(run: RunResult, hub: Hub) -> None:
    assert "# model\n" in push_run(str(run.path), "model", dry_run=True)
    assert hub.asked == []


@pytest.mark.parametrize(("where", "status"), [("create", 401), ("create", 403), ("commit", 403)])
def test_a_refusal_names_the_fix_and_not_the_token(
    where: str, status: int, run: RunResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(**{where: status}) as hub:
        log_in(monkeypatch, hub)
        with pytest.raises(UserError, match=r"them/model: the hub did not take it .*HF_TOKEN.*hf auth login") as caught:
            push_run(str(run.path), "them/model")
    assert TOKEN not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_hub_out_of_reach_is_said(run: RunResult, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as hub:
        log_in(monkeypatch, hub)
    with pytest.raises(UserError, match=r"the hub did not take it .*; try again once the hub can be reached"):
        push_run(str(run.path), "model")


@pytest.mark.parametrize("repo", ["", "a/b/c", "two words"])
def test_a_name_that_can_be_none_is_refused(repo: str, run: RunResult) -> None:
    with pytest.raises(UserError, match=r"REPO: is .*; it must be owner/name"):
        push_run(str(run.path), repo)


def test_a_run_without_a_model_is_refused(run: RunResult, tmp_path: Path) -> None:
    for name in ("manifest.json", "recipe.yaml"):
        (tmp_path / name).write_bytes((run.path / name).read_bytes())
    with pytest.raises(UserError, match="has no finished model"):
        push_run(str(tmp_path), "model")
    with pytest.raises(UserError, match="is not a run folder"):
        push_run(str(tmp_path / "nowhere"), "model")


def test_the_command_prints_the_address(run: RunResult, hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    assert status("push", str(run.path), "model", "--public") == 0
    assert capsys.readouterr().out == f"{hub.address}/me/model\n"
    assert status("push", str(run.path), "model", "--dry-run") == 0
    assert "## Measured" in capsys.readouterr().out
    assert status("push", str(run.path), "two words") == 2


def asked(run: RunResult, **config: Any) -> list[str]:
    said: list[str] = []
    push_when_asked(PushConfig(repo="model", **config), run, said.append)
    return said


def test_a_run_pushes_at_its_end_where_the_recipe_asks(run: RunResult, hub: Hub) -> None:
    push_when_asked(None, run, pytest.fail)
    assert hub.asked == []
    assert asked(run) == [f"pushed to {hub.address}/me/model"]
    assert hub.made[0]["visibility"] == "private"


def test_a_failed_push_is_a_line_with_the_command_that_tries_again(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(create=500) as hub:
        log_in(monkeypatch, hub)
        lines, view = listening()
        changes = {"grpo.steps": 0, "sft.when": "never", "run.push": "model"}
        outcome = train(shrunk(tiny_folder, tmp_path, changes), view=view)
    assert (outcome.path / "final" / "model.safetensors").exists()
    (line,) = (line for line in lines if line.startswith("not pushed"))
    assert f"The run is whole; once fixed, `whet push {outcome.path} model` sends it" in line
    assert (outcome.path / "train.log").read_text("utf-8").splitlines()[-1].endswith(" finished")


def test_whatever_goes_wrong_is_a_line(run: RunResult, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> str:
        raise ZeroDivisionError("a mistake of ours")

    monkeypatch.setattr(publish, "push_run", broken)
    (line,) = asked(run)
    assert "a mistake of ours" in line


def test_only_the_best_is_pushed_where_the_recipe_asks_for_that(run: RunResult, hub: Hub, tmp_path: Path) -> None:
    path = run.path / "eval"
    before = {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in path.glob("*.json")}
    try:
        base = json.loads((path / "base.json").read_text())
        (path / "base.json").write_text(json.dumps({**base, "accuracy": 0.5}))
        final = json.loads((path / "final.json").read_text())
        (path / "final.json").write_text(json.dumps({**final, "accuracy": 0.25}))
        assert asked(run, when="best") == [
            "not pushed to model: 25.0 % of the held-out problems are right at the end, 50.0 % were at base"
        ]
        assert hub.asked == []
        (path / "final.json").write_text(json.dumps({**final, "accuracy": 0.5}))
        assert asked(run, when="best") == [f"pushed to {hub.address}/me/model"]
    finally:
        for file, (content, _) in before.items():
            file.write_bytes(content)


def test_a_token_that_is_missing_is_said_before_the_training(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said: list[str] = []
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    warn_without_token(PushConfig(repo="model"), said.append)
    warn_without_token(None, said.append)
    assert said == []
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    warn_without_token(PushConfig(repo="model"), said.append)
    assert said == [
        "run.push: there is no token for the hub, so model cannot be pushed at the end; set HF_TOKEN to a token that "
        "may write, or run `hf auth login`"
    ]
