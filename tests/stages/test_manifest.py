"""What a run was made from."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

import tiny
from whet.build.task import build_task
from whet.data.arithmetic import Arithmetic
from whet.errors import UserError
from whet.files import sha256_of
from whet.policy.language_model import LanguageModel
from whet.stages.manifest import (
    SAMPLE,
    changed_files,
    fingerprint,
    manifest,
    newer_versions,
    other_prompts,
    own_files,
    prompts_digest,
    refuse_other,
)
from whet.types import Problem, Prompt
from wiring import shrunk, write_rewards

PROBLEMS = [Problem("1", "What is 1 + 1?", "2"), Problem("2", "π?", "3.14")]


def test_a_fingerprint_is_the_sha256_of_questions_and_answers(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_bytes(b"".join(text.encode() + bytes(1) for text in ("What is 1 + 1?", "2", "π?", "3.14")))
    expected = subprocess.run(["sha256sum", str(path)], capture_output=True, text=True, check=True).stdout.split()[0]
    assert fingerprint(PROBLEMS) == {"problems": 2, "sha256": expected}


@pytest.mark.parametrize(
    "others",
    [
        PROBLEMS[::-1],
        PROBLEMS[:1],
        [PROBLEMS[0], Problem("2", "π?", "3.1")],
        [PROBLEMS[0], Problem("2", "π", "?3.14")],
    ],
)
def test_other_problems_have_another_fingerprint(others: list[Problem]) -> None:
    assert fingerprint(others)["sha256"] != fingerprint(PROBLEMS)["sha256"]


def test_an_endless_source_is_known_by_its_beginning() -> None:
    endless = Arithmetic(level=1)
    assert fingerprint(endless) == {"problems": None, "sha256": fingerprint(endless[:SAMPLE])["sha256"]}
    assert fingerprint(endless) != fingerprint(Arithmetic(level=1, seed=1))


def test_a_manifest(tiny_folder: Path, tmp_path: Path) -> None:
    config = shrunk(tiny_folder, tmp_path, {"seed": 5})
    task = build_task(config, tiny.tiny_tokenizer())
    found = manifest(config, LanguageModel(tiny.tiny_model(), tiny.tiny_tokenizer(), source="where from"), task)
    assert found["seed"] == 5
    assert found["model"] == {"name": str(tiny_folder), "source": "where from"}
    assert found["prompts"] == prompts_digest(task.eval_set.prompts)
    known = LanguageModel(tiny.tiny_model(), tiny.tiny_tokenizer(), source="where from", weights="ab12")
    assert manifest(config, known, task)["model"] == {**found["model"], "sha256": "ab12"}
    assert found["data"]["train"] == {"name": "arithmetic", **fingerprint(task.train)}
    assert found["data"]["test"] == {"name": "arithmetic", **fingerprint([p.problem for p in task.eval_set.prompts])}


def test_every_source_of_a_mixture_is_named(tiny_folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text('{"question": "Half of 90?", "answer": "45"}')
    config = shrunk(tiny_folder, tmp_path, {"data.train.limit": 8, "data.mix": [{"name": str(file)}]})
    task = build_task(config, tiny.tiny_tokenizer())
    found = manifest(config, LanguageModel(tiny.tiny_model(), tiny.tiny_tokenizer(), source=""), task)
    assert found["data"]["train"]["name"] == f"arithmetic + {file}"
    assert found["data"]["train"]["problems"] == 16


THEN = {"model": {"name": "m", "source": "s"}, "data": {"train": {"sha256": "a"}}, "versions": {"torch": "2.12"}}


def test_a_run_goes_on_with_what_it_began_with() -> None:
    refuse_other({**THEN, "seed": 1}, THEN)


def test_weights_are_compared_where_the_run_kept_their_digest() -> None:
    now = {**THEN, "model": {**THEN["model"], "sha256": "new"}}
    refuse_other(now, THEN)
    refuse_other(now, now)
    with pytest.raises(UserError, match=r"^resume: model is not what the run began with"):
        refuse_other(now, {**THEN, "model": {**THEN["model"], "sha256": "old"}})


def test_prompts_that_read_otherwise_are_told_of() -> None:
    prompts = [Prompt(PROBLEMS[0], (), (1, 23), ""), Prompt(PROBLEMS[1], (), (4,), "")]
    others = [Prompt(PROBLEMS[0], (), (12, 3), ""), Prompt(PROBLEMS[1], (), (4,), "")]
    now, then = {"prompts": prompts_digest(prompts)}, {"prompts": prompts_digest(others)}
    assert other_prompts(now, {**now}) == other_prompts(now, {}) == []
    (line,) = other_prompts(now, then)
    assert line.startswith("prompts read otherwise than when the run began: the model's tokenizer or chat template")


@pytest.mark.parametrize("what", ["model", "data"])
def test_other_problems_or_weights_are_refused(what: str) -> None:
    with pytest.raises(UserError, match=rf"^resume: {what} is not what the run began with: .*put it back"):
        refuse_other({**THEN, what: {"name": "another"}}, THEN)


def test_versions_that_changed_are_named() -> None:
    assert newer_versions({"versions": {"torch": "2.12"}}, THEN) == []
    assert newer_versions({"versions": {"torch": "2.13", "peft": "0.20"}}, THEN) == [
        "torch 2.12 → 2.13, peft None → 0.20, so figures may differ in their last digits"
    ]


def test_the_users_own_files_are_known_by_their_digests(tiny_folder: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "mine.yaml"
    recipe.write_text("seed: 1\n")
    rewards = write_rewards(tmp_path)
    config = shrunk(tiny_folder, tmp_path, {"rewards": ["accuracy", f"{rewards}:digits"]})
    assert own_files(config, recipe) == {str(recipe): sha256_of(recipe), str(rewards): sha256_of(rewards)}
    assert own_files(config, None) == {str(rewards): sha256_of(rewards)}


def test_a_module_of_rewards_is_looked_for_in_the_working_folder(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine").mkdir()
    rewards = write_rewards(tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    config = shrunk(tiny_folder, tmp_path, {"rewards": ["mine.rewards:digits", "elsewhere.rewards:digits"]})
    assert own_files(config, None) == {str(rewards): sha256_of(rewards)}


@pytest.fixture
def begun(tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """A run's folder and the manifest that it began with: a recipe and a file of rewards."""
    for name in ("mine.yaml", "rewards.py", "recipe.yaml"):
        (tmp_path / name).write_text(name)
    files = {str(tmp_path / name): sha256_of(tmp_path / name) for name in ("mine.yaml", "rewards.py")}
    return tmp_path, {"files": files, "recipe_sha256": sha256_of(tmp_path / "recipe.yaml")}


def test_nothing_is_said_of_files_that_are_the_same(begun: tuple[Path, dict[str, Any]]) -> None:
    run, then = begun
    assert changed_files(then, run) == []
    assert changed_files({}, run) == [], "a run of an older version kept no digests"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("rewards.py", "its rewards may be others from here on"),
        ("mine.yaml", "the run goes on with"),
        ("recipe.yaml", "its settings count from here on"),
    ],
)
def test_a_file_that_changed_is_named_with_what_counts(
    begun: tuple[Path, dict[str, Any]], name: str, said: str
) -> None:
    run, then = begun
    (run / name).write_text("other")
    (line,) = changed_files(then, run)
    assert line.startswith(f"{run / name} has changed since the run began: {said}")


def test_a_recipe_that_is_gone_is_not_missed(begun: tuple[Path, dict[str, Any]]) -> None:
    run, then = begun
    (run / "mine.yaml").unlink()
    assert changed_files(then, run) == []
