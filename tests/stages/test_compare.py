"""Reading evaluations from disk and setting them side by side."""

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from whet.errors import UserError
from whet.eval.record import Record
from whet.stages.compare import compare, evaluation_file, read_records, render

RIGHT = Record(
    id="0",
    question="2 + 2?",
    gold="4",
    response="<answer>4</answer>",
    answer="4",
    correct=True,
    lenient=True,
    formatted=True,
    tokens=9,
    finish="stop",
)
WRONG = replace(RIGHT, response="five", answer=None, correct=False, lenient=False, formatted=False)


def write(path: Path, rights: str, **changes: object) -> Path:
    """One record per letter: `y` is right, `n` wrong; ids count up from 0."""
    path.parent.mkdir(parents=True, exist_ok=True)
    records = [replace(RIGHT if letter == "y" else WRONG, id=str(id), **changes) for id, letter in enumerate(rights)]
    path.write_text("".join(json.dumps(record.as_dict()) + "\n" for record in records), encoding="utf-8")
    return path


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run folder whose base answers 1 of 4, whose warm start 2 and whose final model 3."""
    for stage, rights in (("base", "ynnn"), ("sft", "nyyn"), ("final", "nyyy")):
        write(tmp_path / "runs" / "one" / "eval" / f"{stage}.jsonl", rights)
    return as_run(tmp_path / "runs" / "one")


def as_run(folder: Path) -> Path:
    """The folder with the files that make it a run's."""
    (folder / "manifest.json").write_text('{"format": 1}', encoding="utf-8")
    (folder / "recipe.yaml").write_text("", encoding="utf-8")
    return folder


def test_stages_of_a_run_are_compared(run: Path) -> None:
    found = compare(f"{run}:base", run)
    assert (found.a.accuracy, found.b.accuracy) == (0.25, 0.75)
    assert (found.strict.fixed, found.strict.broken) == (3, 1)
    assert [a.id for a, _ in found.fixed] == ["1", "2", "3"]
    assert compare(f"{run}:sft", f"{run}:final").strict.fixed == 1


def test_files_are_compared_in_any_order(tmp_path: Path) -> None:
    a = write(tmp_path / "a.jsonl", "ynyn")
    b = tmp_path / "b.jsonl"
    b.write_text("\n".join(reversed(a.read_text().splitlines())) + "\n\n")
    found = compare(a, str(b))
    assert (found.strict.n, found.strict.fixed, found.strict.broken) == (4, 0, 0)
    assert found.a == found.b


def test_different_sets_are_refused_unless_asked(tmp_path: Path) -> None:
    a, b = write(tmp_path / "a.jsonl", "ynyn"), write(tmp_path / "b.jsonl", "yyyyyy")
    with pytest.raises(UserError, match=r"4 problems.*6, 4 of them the same.*--intersect"):
        compare(a, b)
    found = compare(a, b, intersect=True)
    assert (found.strict.n, found.only_a, found.only_b) == (4, 0, 2)
    assert found.strict.fixed == 2


def test_the_same_id_for_another_question_is_refused(tmp_path: Path) -> None:
    a, b = write(tmp_path / "a.jsonl", "yn"), write(tmp_path / "b.jsonl", "yn", gold="5")
    with pytest.raises(UserError, match="problem 0 differs"):
        compare(a, b, intersect=True)


def test_nothing_shared_is_refused(tmp_path: Path) -> None:
    a, b = write(tmp_path / "a.jsonl", "y"), tmp_path / "b.jsonl"
    b.write_text(json.dumps(replace(RIGHT, id="other").as_dict()))
    with pytest.raises(UserError, match="share no problem"):
        compare(a, b, intersect=True)


def test_a_missing_stage_names_those_there_are(run: Path) -> None:
    with pytest.raises(UserError, match=r"no evaluation named best: it has .*:base, .*:final, .*:sft"):
        evaluation_file(f"{run}:best")


def test_a_run_without_evaluations_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no evaluation named final: evaluate it"):
        evaluation_file(as_run(tmp_path))


@pytest.mark.parametrize("where", ["nowhere", "nowhere:base", ":base", ""])
def test_a_path_to_nowhere_is_told(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="neither records nor a run:"):
        evaluation_file(where)


def test_a_file_whose_name_has_a_colon_is_that_file(tmp_path: Path) -> None:
    (tmp_path / "eval").mkdir()
    path = write(tmp_path / "a:base", "y")
    assert evaluation_file(path) == path


BROKEN = [
    ("{", "line 2 is no evaluation record"),
    ("[1]", "line 2 is no evaluation record"),
    ("{}", "line 2 is no evaluation record .*missing"),
    (json.dumps(RIGHT.as_dict() | {"correct": "yes"}), "`correct` is 'yes', but must be of type bool"),
    (json.dumps(RIGHT.as_dict() | {"tokens": None}), "`tokens` is None, but must be of type int"),
    (json.dumps(RIGHT.as_dict() | {"samples": 3}), "line 2 is no evaluation record"),
    (json.dumps(RIGHT.as_dict()), "line 2: problem 0 comes twice"),
]


@pytest.mark.parametrize(("line", "message"), BROKEN)
def test_a_broken_line_is_named(line: str, message: str, tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", "y")
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(UserError, match=message) as error:
        read_records(path)
    assert "a.jsonl" in str(error.value)
    assert "\n" not in str(error.value)


def test_an_empty_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("\n\n")
    with pytest.raises(UserError, match="no records"):
        read_records(tmp_path / "a.jsonl")


def shown(run: Path, a: str, b: str) -> str:
    screen = io.StringIO()
    console = Console(file=screen, width=140, force_terminal=False)
    console.print(render(compare(f"{run}:{a}", f"{run}:{b}")))
    return screen.getvalue()


def test_the_table_shows_figures_and_examples(run: Path) -> None:
    text = shown(run, "base", "final")
    assert "25.0 % [4.6, 69.9]" in text  # Wilson, 1 of 4
    assert "+50.0 [" in text
    assert "B answers 2 more of 4 problems" in text
    assert text.count("fixed") == 4  # the heading and three problems
    assert text.count("no answer") == 4
    assert "No problem changed sides." in shown(run, "base", "base")


def test_text_of_a_model_does_not_command_the_terminal(run: Path) -> None:
    write(run / "eval" / "final.jsonl", "yyyy", answer="[red]\x1b[2J\x07\r\nbell[/red]" + "9" * 500)
    text = shown(run, "base", "final")
    assert "[red]" in text
    assert not {"\x1b", "\x07", "\r"} & set(text)
    assert "9" * 101 not in text.replace("\n", "")


def test_real_verdicts_on_gsm8k(shared: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in (shared / "completions/gsm8k_four_models.jsonl").open(encoding="utf-8")]
    for source in ("6b_finetuning", "6b_verification"):
        records = (
            replace(RIGHT, id=row["prompt"], question=row["prompt"], gold=row["answer"], correct=row["correct"])
            for row in rows
            if row["source"] == source
        )
        lines = [json.dumps(record.as_dict()) for record in records]
        (tmp_path / f"{source}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    found = compare(tmp_path / "6b_finetuning.jsonl", tmp_path / "6b_verification.jsonl")
    # counted in the rows with set arithmetic: 286 and 515 of 1319 right, 222 of them by both
    assert (found.a.summary()["correct"], found.b.summary()["correct"]) == (286, 515)
    assert (found.strict.fixed, found.strict.broken) == (515 - 222, 286 - 222)
    assert found.sentence.startswith("B answers 229 more of 1319 problems: +17.4 points")
    assert found.verdict == "better"
