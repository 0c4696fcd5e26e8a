"""What a run was made from."""

import subprocess
from pathlib import Path

import pytest

import tiny
from whet.build.task import build_task
from whet.data.arithmetic import Arithmetic
from whet.errors import UserError
from whet.policy.language_model import LanguageModel
from whet.stages.manifest import SAMPLE, fingerprint, manifest, newer_versions, refuse_other
from whet.types import Problem
from wiring import shrunk

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


@pytest.mark.parametrize("what", ["model", "data"])
def test_other_problems_or_weights_are_refused(what: str) -> None:
    with pytest.raises(UserError, match=rf"^resume: {what} is not what the run began with: .*put it back"):
        refuse_other({**THEN, what: {"name": "another"}}, THEN)


def test_versions_that_changed_are_named() -> None:
    assert newer_versions({"versions": {"torch": "2.12"}}, THEN) == ""
    assert (
        newer_versions({"versions": {"torch": "2.13", "peft": "0.20"}}, THEN) == "torch 2.12 → 2.13, peft None → 0.20"
    )
