"""What people read at the end."""

import re
from collections.abc import Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from probes import COLD, HEALTHY
from whet.cli.tables import (
    check_table,
    evaluation_table,
    gains_table,
    keys_table,
    next_steps,
    pace_line,
    results_table,
    run_summary,
)
from whet.diagnose.lengths import measure_lengths
from whet.diagnose.report import CheckReport
from whet.eval.comparison import Comparison
from whet.eval.evaluation import Evaluation
from whet.eval.record import Outcome as Answer
from whet.eval.record import Record
from whet.recipe import describe_keys
from whet.runs.pace import Pace
from whet.stages.compare import render
from whet.stages.run_result import RunResult

REPORT = CheckReport.of(measure_lengths([30], [20], max_tokens=40), COLD, 100)


def shown(picture: Any) -> str:
    console = Console(file=StringIO(), width=120)
    console.print(picture)
    return str(console.file.getvalue())  # type: ignore[attr-defined]


def record(number: int, correct: bool, samples: Sequence[bool] = (), **changes: Any) -> Record:
    given = {"response": f"answer {number}", "answer": "4", "formatted": True, "tokens": 10, "finish": "stop"}
    said = tuple(Answer(correct=right, lenient=right, **given) for right in samples)  # type: ignore[arg-type]
    whole = {**given, "lenient": correct, "majority": 1.0 if samples else None, **changes}
    return Record(id=str(number), question=f"question {number}", gold="4", correct=correct, samples=said, **whole)


def evaluation(*correct: bool) -> Evaluation:
    return Evaluation(tuple(record(number, right) for number, right in enumerate(correct)))


def outcome(**evaluations: Evaluation) -> RunResult:
    return RunResult(Path("runs/mine"), REPORT, evaluations)


BEFORE = evaluation(*[False] * 8, True, True)
AFTER = evaluation(*[True] * 6, *[False] * 2, False, True)


def test_before_and_after_in_a_table() -> None:
    table = shown(results_table({"base": BEFORE, "sft": BEFORE, "final": AFTER}))
    assert "10 held-out problems, greedy answers" in table
    rows = {line.split("  ")[0].strip(): line for line in table.splitlines()}
    assert list(rows)[-3:] == ["base model", "warm start", "GRPO"]
    assert "20.0 %" in rows["base model"]
    assert "5.7 – 51.0" in rows["base model"]  # Wilson 95 % of 2 in 10
    assert "70.0 %" in rows["GRPO"]


def test_every_figure_of_a_row() -> None:
    records = [
        record(0, True, tokens=4),
        record(1, False, lenient=True, tokens=6),
        record(2, False, formatted=False, tokens=8),
        record(3, False, formatted=False, finish="length", tokens=10),
    ]
    (row,) = (line for line in shown(results_table({"x": Evaluation(tuple(records))})).splitlines() if "25.0 %" in line)
    assert row.split() == ["x", "25.0", "%", "4.6", "–", "69.9", "50.0", "%", "50", "%", "25", "%", "7"]


def test_gains_are_told_for_each_step_and_the_whole() -> None:
    table = shown(gains_table({"base": BEFORE, "sft": BEFORE, "final": AFTER})).splitlines()[2:]
    names, figures = zip(*(re.split(r"  +", line.strip(), maxsplit=1) for line in table), strict=True)
    assert names[::2] == ("warm start over base model", "GRPO over warm start", "GRPO over base model")
    assert set(names[1::2]) == {"right anywhere"}
    # exact McNemar: 6 fixed, 1 broken: 2 · (1 + 7) / 2^7 = 0.125
    assert re.fullmatch(r"\+50\.0 +\S+ to \S+ +6 +1 +0\.1", figures[4])
    assert figures[0].startswith("+0.0")


def test_two_measurements_make_one_step() -> None:
    strict, lenient = shown(gains_table({"base": BEFORE, "final": AFTER})).splitlines()[2:]
    assert (strict.split()[0], lenient.split()[:2]) == ("GRPO", ["right", "anywhere"])


def test_the_first_line_says_what_was_gained() -> None:
    layout = Evaluation(tuple(record(n, False, lenient=n < 8) for n in range(10)))
    placed = Evaluation(tuple(record(n, n < 6) for n in range(10)))
    page = shown(run_summary(outcome(base=layout, final=placed)))
    assert page.startswith("What was gained is layout: answers in the format's place rose from 0.0 to 60.0 %")


def test_the_page_fits_a_terminal_of_80_columns() -> None:
    long = Evaluation(tuple(record(n, n > 3, response="word " * 60) for n in range(10)))
    console = Console(file=StringIO(), width=300)
    console.print(run_summary(outcome(base=BEFORE, sft=BEFORE, final=long)))
    _sentence, _, *lines = (line.rstrip() for line in console.file.getvalue().splitlines())  # type: ignore[attr-defined]
    assert max(map(len, lines)) <= 80


def test_three_samples_are_three_problems_one_of_them_not_solved() -> None:
    page = shown(run_summary(outcome(base=BEFORE, final=AFTER)))
    questions = [line.strip().split("  ")[0] for line in page.splitlines() if line.strip().startswith("question")]
    assert questions == ["question 0", "question 1", "question 6"]
    assert page.count("before ✗") == 3
    assert (page.count("after  ✓"), page.count("after  ✗")) == (2, 1)


@pytest.mark.parametrize("size", [1, 2])
def test_fewer_problems_than_samples(size: int) -> None:
    page = shown(run_summary(outcome(base=evaluation(*[False] * size), final=evaluation(*[False] * size))))
    assert page.count("before") - page.count("before and after") == size


def test_no_problem_is_shown_twice() -> None:
    same = evaluation(False, False, True, True)
    page = shown(run_summary(outcome(base=same, final=same)))
    assert page.count("question 0") == 1


@pytest.mark.parametrize(
    ("stages", "compared"),
    [
        (["base", "sft", "final"], "whet compare runs/mine:base runs/mine:final"),
        (["base", "sft"], "whet compare runs/mine:base runs/mine:sft"),
        (["base"], None),
    ],
)
def test_what_to_type_next(stages: list[str], compared: str | None) -> None:
    text = shown(next_steps(outcome(**dict.fromkeys(stages, BEFORE))))
    assert "whet chat runs/mine" in text
    assert "whet eval runs/mine" in text
    assert ("whet compare" in text) is (compared is not None)
    assert compared is None or compared in text


def test_a_folder_with_a_space_is_one_word_of_a_command() -> None:
    stages = dict.fromkeys(("base", "final"), BEFORE)
    text = shown(next_steps(RunResult(Path("my runs/mine"), REPORT, stages)))
    assert "whet chat 'my runs/mine'" in text
    assert "whet compare 'my runs/mine:base' 'my runs/mine:final'" in text


def test_an_untrained_run_has_a_page_too() -> None:
    page = shown(run_summary(outcome(base=BEFORE)))
    assert "base model" in page
    assert "McNemar" not in page


def test_how_fast_it_went_is_one_line() -> None:
    ended = RunResult(Path("runs/mine"), REPORT, {"base": BEFORE, "final": AFTER}, Pace(16, 9.83, 410.2, 0.52))
    (line,) = (line.rstrip() for line in shown(run_summary(ended)).splitlines() if "tokens/s" in line)
    assert line == "GRPO: 16 steps, 9.83 s each, 410 tokens/s, 52 % of this machine's limit (η)"
    assert "tokens/s" not in shown(run_summary(outcome(base=BEFORE)))


@pytest.mark.parametrize("pace", [Pace(1, 0.0123, 9.0, 0.004), Pace(1000, 12.34, 9999.0, 0.5)])
def test_the_line_fits_a_terminal_of_80_columns(pace: Pace) -> None:
    assert len(pace_line(pace)) <= 80
    assert "1 steps" not in pace_line(pace)


def test_text_of_a_model_cannot_style_the_page() -> None:
    wild = Evaluation((record(0, False, response="[bold]x[/bold] [/nope] :smile: \x1b[2J"),))
    page = shown(run_summary(outcome(base=wild, final=wild)))
    assert "[bold]x[/bold] [/nope] :smile:" in page
    assert "\x1b[2J" not in page
    assert "[/x]" in shown(evaluation_table("runs/[/x]", wild))


def test_samples_add_pass_at_k_and_maj_at_k() -> None:
    records = (record(0, True, [True, False]), record(1, False, [False, False]))
    text = shown(evaluation_table("runs/mine", Evaluation(records)))
    for line in ("pass@1 25.0 %", "pass@2 50.0 %", "maj@2 100.0 %"):
        assert f"  {line}\n" in "\n".join(part.rstrip() for part in text.splitlines()) + "\n"


def test_the_check_ends_with_every_cause_what_to_do_and_what_follows() -> None:
    text = shown(check_table(REPORT))
    for what, figure, _ in REPORT.rows():
        assert what in text
        assert figure in text
    told = " ".join(text.split())
    layout, endless = REPORT.diagnosis.found
    assert f"1. {layout.sentence} → {layout.fix} 2. {endless.sentence} → {endless.fix} {REPORT.verdict()}" in told


def test_a_single_cause_has_no_number() -> None:
    text = shown(check_table(CheckReport.of(REPORT.lengths, HEALTHY, 100)))
    assert "\n85 of 128 responses are right" in text
    assert "1." not in text.split("mixed groups")[1]


def test_every_key_is_listed_with_its_sentence() -> None:
    console = Console(file=StringIO(), width=800)
    console.print(keys_table(describe_keys()))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert len(lines) == 1 + len(describe_keys())
    (found,) = (line for line in lines if line.startswith("grpo.group_size "))
    assert "8" in found
    assert "an advantage needs at least two" in found


LONG = Evaluation(
    tuple(
        replace(record(n, n > 2, [True, False]), question="How many apples are left on the table " * 9)
        for n in range(6)
    )
)
PLACE = Path("runs/quite-a-long-name-for-a-run-of-a-recipe-that-is-about-competition-mathematics-0.5b-007")
TABLES = {
    "check": check_table(REPORT),
    "check of a healthy run": check_table(CheckReport.of(REPORT.lengths, HEALTHY, 100)),
    "train": run_summary(RunResult(PLACE, REPORT, {"base": BEFORE, "final": AFTER}, Pace(16, 9.8, 410, 0.5))),
    "train with a warm start": run_summary(outcome(base=BEFORE, sft=AFTER, final=AFTER)),
    "samples": run_summary(RunResult(PLACE, REPORT, {"base": LONG, "final": LONG})),
    "eval": evaluation_table(str(PLACE), LONG),
    "compare": render(Comparison(str(PLACE), "b", tuple(zip(LONG.records, LONG.records[::-1], strict=True)))),
    "keys": keys_table(describe_keys()),
}  # fmt: skip


@pytest.mark.parametrize("width", [60, 80, 100, 200])
@pytest.mark.parametrize("name", TABLES)
def test_no_table_is_wider_than_the_terminal(name: str, width: int) -> None:
    console = Console(file=StringIO(), width=width)
    console.print(TABLES[name])
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert max(map(cell_len, lines)) <= width
    assert any(line.strip() for line in lines)


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_what_a_check_found_is_whole_at_any_width(width: int) -> None:
    console = Console(file=StringIO(), width=width)
    console.print(check_table(REPORT))
    told = console.file.getvalue()  # type: ignore[attr-defined]
    assert "…" not in told
    assert REPORT.diagnosis.sentence in " ".join(told.split())
