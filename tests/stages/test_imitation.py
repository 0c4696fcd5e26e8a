"""What a warm start imitates."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import tiny
from tests.stages.test_sample_own import TOKENIZER, Reciting, problems
from whet.build.task import build_task
from whet.errors import UserError
from whet.policy.language_model import LanguageModel
from whet.runs.reader import RunReader
from whet.runs.writer import RunWriter
from whet.stages.imitation import Imitation, recorded_imitation, to_imitate
from wiring import listening, shrunk


def imitated(
    folder: Path, tmp_path: Path, source: str, solved: float, knows: Any = lambda *_: True
) -> tuple[Imitation, Imitation, list[str]]:
    """What is imitated, what a resumed run would imitate, and what was said."""
    changes = {"sft.from": source, "sft.own": {"problems": 40, "least": 10, "samples": 1}}
    config = shrunk(folder, tmp_path, changes)
    task = replace(build_task(config, TOKENIZER), train=problems(40), solutions=problems(40))
    policy, probe = LanguageModel(tiny.tiny_model(), TOKENIZER), SimpleNamespace(solved_anywhere=solved, problems=32)
    lines, view = listening()
    with RunWriter.create(tmp_path, "recipe: {}\n", {}) as run:
        found = to_imitate(policy, Reciting(knows), task, config, probe, run, view)  # type: ignore[arg-type]
    return found, recorded_imitation(RunReader(run.path), task, config.sft), lines


@pytest.mark.parametrize(
    ("source", "solved", "own"),
    [
        ("auto", 0.5, True),  # Wilson, 16 of 32: at least 0.336, so 13 of 40 problems; 10 are enough
        ("auto", 0.40625, True),  # 13 of 32: at least 0.255, so 10.2
        ("auto", 0.375, False),  # 12 of 32: at least 0.229, so 9.2
        ("own", 0.0, True),
        ("solutions", 1.0, False),
    ],
)
def test_own_answers_or_solutions(tiny_folder: Path, tmp_path: Path, source: str, solved: float, own: bool) -> None:
    found, again, lines = imitated(tiny_folder, tmp_path, source, solved)
    assert found.own is own
    assert (found.problems[0].solution == "somebody else's words") is not own
    assert again == found, "a resumed run imitates the same"
    assert any("imitates the model's own answers" in line for line in lines) is own
    assert any("imitates worked solutions" in line for line in lines) is not own


@pytest.mark.parametrize(
    ("source", "solved", "said"),
    [
        (
            "auto",
            0.5,
            "the warm start imitates the model's own answers: the check found right answers to 50 % of problems, "
            "whatever the layout, so at least 13 of 40 problems may be expected to give own answers; "
            "sft.own.least is 10",
        ),
        (
            "auto",
            0.0,
            "the warm start imitates worked solutions: the check found right answers to 0 % of problems, whatever the "
            "layout, so at least 0 of 40 problems may be expected to give own answers; sft.own.least is 10",
        ),
        ("own", 0.0, "the warm start imitates the model's own answers, as sft.from says"),
        ("solutions", 1.0, "the warm start imitates worked solutions, as sft.from says"),
    ],
)
def test_what_is_imitated_is_said_and_why(
    tiny_folder: Path, tmp_path: Path, source: str, solved: float, said: str
) -> None:
    assert imitated(tiny_folder, tmp_path, source, solved)[2][0] == said


def test_where_fewer_are_found_than_expected_solutions_are_imitated(tiny_folder: Path, tmp_path: Path) -> None:
    found, again, lines = imitated(tiny_folder, tmp_path, "auto", 0.5, lambda prompt, n, sample: n < 4)
    assert not found.own
    assert again == found
    assert lines[-1] == (
        "own answers: only 4 right answers to 40 problems, fewer than sft.own.least 10; worked solutions are imitated "
        "instead"
    )


def test_where_own_answers_are_demanded_too_few_are_refused(tiny_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"sft\.from: own found only 4 right answers .* raise sft\.own\.samples"):
        imitated(tiny_folder, tmp_path, "own", 0.5, lambda prompt, n, sample: n < 4)
