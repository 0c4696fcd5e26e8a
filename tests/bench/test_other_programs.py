"""Other programs on a run's held-out problems."""

from pathlib import Path

import pytest

from benchmarks.other_programs import Answered, ask, gguf_reader, limit, text_of
from export.models_to_export import byte_level, save
from whet.api import train
from whet.export.subject import Subject, find_subject
from whet.text import silent
from wiring import listening, shrunk


@pytest.fixture(scope="module")
def subject(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    """A run in float32."""
    base = save(tmp_path_factory.mktemp("base") / "base")
    changes = {"run.name": "mine", "sft.when": "never", "grpo.steps": 1}
    run = train(shrunk(base, tmp_path_factory.mktemp("runs"), changes), view=listening()[1])
    return find_subject(str(run.path), silent)


def test_the_runs_own_answers_are_graded_as_they_were(subject: Subject) -> None:
    assert subject.run
    records = {record.question: record for record in subject.run.records("final").values()}
    found = ask("itself", lambda problem: records[problem.question].response, subject)
    assert (found.problems, found.same) == (6, 6)
    assert found.right == sum(record.correct for record in records.values())
    assert found.within
    gold = ask("gold", lambda problem: f"<think>so</think><answer>{problem.answer}</answer>", subject)
    assert (gold.right, gold.same) == (6, 0)
    few = ask("itself", lambda problem: records[problem.question].response, subject, "final", 2)
    assert (few.problems, few.same) == (2, 2)


def test_transformers_answers_from_gguf_as_the_run_did(subject: Subject, tmp_path: Path) -> None:
    found = ask("gguf-reader", gguf_reader(subject, tmp_path), subject)
    assert found.same >= 5, "float16 may turn a near tie"
    assert limit(subject) == 12


def test_a_line_says_how_it_went() -> None:
    assert str(Answered("mlx-lm", 73, 120, 128, (0.48, 0.65))) == (
        "mlx-lm: 57.0 % (73 of 128), within the run's [48.0, 65.0]; 120 responses word for word the run's"
    )
    assert "OUTSIDE the run's" in str(Answered("mlx-lm", 40, 0, 128, (0.48, 0.65)))


def test_a_response_ends_at_its_end_token() -> None:
    tokenizer = byte_level()
    tokens = [*tokenizer.encode("the 12<answer>"), 2, 2, 5]
    assert text_of(tokenizer, tokens) == "the 12<answer>"
